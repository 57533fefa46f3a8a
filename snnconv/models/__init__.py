"""Networks to convert: builders of `snnconv:NAME` on the command line."""

from ._c3d import c3d as c3d
from ._fashion_cnn import fashion_cnn as fashion_cnn
from ._respike import ms_resnet18 as ms_resnet18
from ._respike import respike as respike
from ._small_cnn3d import small_cnn3d as small_cnn3d
from ._svformer import svformer as svformer
from .cifar_resnet import cifar_resnet20 as cifar_resnet20
from .cifar_resnet import cifar_resnet32 as cifar_resnet32
from .cifar_resnet import cifar_resnet44 as cifar_resnet44
from .cifar_resnet import cifar_resnet56 as cifar_resnet56
from .cifar_resnet import cifar_resnet110 as cifar_resnet110
from .resnet18 import resnet18_cifar as resnet18_cifar
from .vgg import vgg16_cifar as vgg16_cifar

__all__ = [
    "c3d",
    "cifar_resnet20",
    "cifar_resnet32",
    "cifar_resnet44",
    "cifar_resnet56",
    "cifar_resnet110",
    "fashion_cnn",
    "ms_resnet18",
    "resnet18_cifar",
    "respike",
    "small_cnn3d",
    "svformer",
    "vgg16_cifar",
]
