"""Images as stacks that stay in their files: as they are, or their average over the repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nxconvert.arrays import Array, FrameArray, Location
from nxconvert.readers.nanoesca.tiff import Image, read_pixels


class ImageStack(FrameArray):
    """Images in a shape of outer axes, such as (points, repeats); None where one is missing.

    ``dtype`` holds the values of all the images without a change. Missing images are not a number, in integers the
    largest number of the type.
    """

    def __init__(self, images: Sequence[Image | None], outer: tuple[int, ...]) -> None:
        present = [image for image in images if image is not None]
        self.images = images
        self.frame_shape = present[0].shape
        self.shape = (*outer, *self.frame_shape)
        self.dtype = np.result_type(*{image.dtype for image in present})
        kinds = {image.stored for image in present}
        self.stored = kinds.pop() if len(kinds) == 1 else self.dtype
        if len(present) < len(images):
            self.fill_value = np.nan if self.dtype.kind == "f" else np.iinfo(self.dtype).max

    def frame(self, index: int) -> Array | None:
        """Read and decode one image; ReadError where it is damaged or changed since it was found."""
        image = self.images[index]
        return None if image is None else read_pixels(image).astype(self.dtype, copy=False)

    def location(self, index: int) -> Location | None:
        """Tell where the values of an image lie, None where they are compressed or of another type than most."""
        image = self.images[index]
        if image is None or image.offset is None or image.stored != self.stored:
            return None
        return Location(image.path, image.offset, image.nbytes)


class AverageStack(FrameArray):
    """The mean over the repeats of each point, in float64, of the images that are there; missing where none is."""

    def __init__(self, raw: ImageStack) -> None:
        self._raw = raw
        self._repeats = raw.shape[1]
        self.frame_shape = raw.frame_shape
        self.shape = (raw.shape[0], *raw.frame_shape)
        self.dtype = self.stored = np.dtype("<f8")
        if raw.fill_value is not None:
            self.fill_value = np.nan

    def frame(self, index: int) -> Array | None:
        """Add up the images of one point one by one and divide by their number."""
        total: Any = None
        count = 0
        for number in range(index * self._repeats, (index + 1) * self._repeats):
            frame = self._raw.frame(number)
            if frame is None:
                continue
            count += 1
            if total is None:
                total = frame.astype(np.float64)
            else:
                total += frame
        return None if total is None else total / count

    def location(self, index: int) -> Location | None:
        """Give nothing: the values are calculated."""
