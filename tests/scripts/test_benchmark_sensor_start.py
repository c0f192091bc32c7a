"""What a start is told of the camera: RAW files that LibRaw reads as recorded, and other scenes."""

import json

import benchmark_sensor_start
import cv2
import numpy as np
import rawpy
import tifffile

from tfisp.data import DataConfig, open_dataset

NOISE_PROFILE = 51041  # Adobe, DNG Specification 1.4.0.0


def test_the_files_are_the_benchmarks_captures_and_the_photographs_other_scenes(tmp_path):
    random = np.random.default_rng(0)
    roles = {"source": ["a", "b"], "target": ["c"], "val": ["d"], "test": ["e"]}
    for name in "abcde":
        picture = cv2.resize(random.integers(0, 256, (8, 8, 3), np.uint8), (256, 224))
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    splits = tmp_path / "splits.json"
    roles = {role: [f"{name}.png" for name in names] for role, names in roles.items()}
    splits.write_text(json.dumps(roles))
    camera, cache = tmp_path / "camera", tmp_path / "cache"

    benchmark_sensor_start.write_files(splits, 3, cache, camera)

    assert sorted(path.name for path in camera.iterdir()) == ["a.dng", "b.dng"]
    files = {"splits": str(splits), "cache_dir": str(cache)}
    config = DataConfig("unprocessed", seed=3, patch_size=96, **files)
    for frame in open_dataset(config).raw.frames:
        path = camera / f"{frame.name}.dng"
        with rawpy.imread(str(path)) as raw:
            assert np.array_equal(raw.raw_image_visible, frame.load(reference=False).mosaic)
            gains = np.array(raw.camera_whitebalance[:3])
        assert np.allclose(gains / gains[1], frame.gains, rtol=1e-4)
        with tifffile.TiffFile(path) as file:
            assert file.pages[0].tags[NOISE_PROFILE].value == tuple(frame.noise)

    other = benchmark_sensor_start.other_scenes(splits)
    assert other["source"] == [str(tmp_path / "c.png")]
    assert other["test"] == [str(tmp_path / "e.png")]


def test_differences_are_of_the_same_scenes():
    measures = {name: [20.0, 30.0] for name in ("ssim", "lpips", "delta_e", "psnr_affine")}
    rows = [
        measures | {"look": "neutral", "arm": arm, "psnr": psnr}
        for arm, psnr in (
            ("classical_start", [20.0, 30.0]),
            ("simulated_sensor", [20.5, 30.5]),
            ("classical_start", [21.0, 31.0]),
            ("simulated_sensor", [21.5, 31.5]),
        )
    ]
    # Half a decibel in every scene, though scenes differ by ten: there is nothing left to chance.
    (line,) = benchmark_sensor_start.differences(rows).splitlines()[2:]
    assert line.startswith("| neutral | classical_start | 0.50 [0.50, 0.50] | 0.000 ")
