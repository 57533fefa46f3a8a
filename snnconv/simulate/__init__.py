"""Running a spiking network through time."""

from .observers import Observer as Observer
