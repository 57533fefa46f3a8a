"""Conversion methods: registry entries that the one engine runs."""

from . import (
    auto,
    burst,
    cos,
    dcgs,
    gn,
    integrate_fire,
    ltb,
    mt,
    mt_signed,
    opt,
    qcfs,
    rnl,
    rts,
    sdm,
    sdm_zero,
    snm,
    snnc_advanced,
    snnc_light,
    srp,
)  # each registers its method
from .method import METHODS as METHODS
from .method import Method as Method

__all__ = [
    "METHODS",
    "Method",
    "auto",
    "burst",
    "cos",
    "dcgs",
    "gn",
    "integrate_fire",
    "ltb",
    "mt",
    "mt_signed",
    "opt",
    "qcfs",
    "rnl",
    "rts",
    "sdm",
    "sdm_zero",
    "snm",
    "snnc_advanced",
    "snnc_light",
    "srp",
]
