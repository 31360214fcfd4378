"""Makes segmentation.json: the liver of the SEG in dcmqi_ct3slice_seg as highdicom reads it, slice by slice of the CT.

Usage: python make_segmentation.py DATA > segmentation.json     (needs highdicom and pydicom; DATA: the real test data)

Printed with highdicom 0.28.2 and pydicom 3.0.2. Frames are found by the images that they refer to; the test finds them
by their positions too.
"""

import hashlib
import json
import pathlib
import sys

import highdicom
import numpy as np
import pydicom

folder = pathlib.Path(sys.argv[1]) / "dcmqi_ct3slice_seg"
slices = [pydicom.dcmread(folder / name) for name in ("01.dcm", "02.dcm", "03.dcm")]
slices.sort(key=lambda image: float(image.ImagePositionPatient[2]))
segmentation = highdicom.seg.segread(folder / "liver_seg.dcm")
labels = segmentation.get_pixels_by_source_instance(
    [image.SOPInstanceUID for image in slices], ignore_spatial_locations=True, combine_segments=True
).astype(np.uint8)  # [z,y,x], feet first
print(
    json.dumps(
        {
            "shape": labels.shape,
            "voxels": [int(each.sum()) for each in labels],
            "sha256": hashlib.sha256(labels.tobytes()).hexdigest(),
        }
    )
)
