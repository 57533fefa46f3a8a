"""Networks to convert: builders of `snnconv:NAME` on the command line."""

from .c3d import c3d as c3d
from .cifar_resnet import cifar_resnet20 as cifar_resnet20
from .cifar_resnet import cifar_resnet32 as cifar_resnet32
from .cifar_resnet import cifar_resnet44 as cifar_resnet44
from .cifar_resnet import cifar_resnet56 as cifar_resnet56
from .cifar_resnet import cifar_resnet110 as cifar_resnet110
from .fashion_cnn import fashion_cnn as fashion_cnn
from .resnet18 import resnet18_cifar as resnet18_cifar
from .respike import respike as respike
from .small_cnn3d import small_cnn3d as small_cnn3d
from .svformer import svformer as svformer
from .vgg import vgg16_cifar as vgg16_cifar

__all__ = [
    "c3d",
    "cifar_resnet20",
    "cifar_resnet32",
    "cifar_resnet44",
    "cifar_resnet56",
    "cifar_resnet110",
    "fashion_cnn",
    "resnet18_cifar",
    "respike",
    "small_cnn3d",
    "svformer",
    "vgg16_cifar",
]
