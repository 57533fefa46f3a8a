"""The bundled network and images, as in the tests of the bench."""

from ..bench.conftest import images as images
from ..bench.conftest import snn as snn
