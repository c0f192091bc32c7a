"""What the report leaves out where it does not apply."""

from tfisp.exporting.entries import Comparison, Description, Entry

DESCRIPTION = Description("m.tflite", "gpu", "fixed", "float32", [], [], "none", "sRGB", None)


def test_what_does_not_apply_is_left_out_and_what_is_unknown_is_told():
    entry = Entry(DESCRIPTION, {"bytes": 3})
    assert entry.to_dict() == {
        "name": "m.tflite",
        "target": "gpu",
        "size": "fixed",
        "weights": "float32",
        "inputs": [],
        "outputs": [],
        "companding": "none",
        "colour_encoding": "sRGB",
        "halo_pixels": None,
        "bytes": 3,
        "compared_on": [],
    }
    entry.comparison = Comparison(["noise"], {"largest": 0.0}, {"largest": 1.0}, None)
    entry.off_gpu, entry.accelerator, entry.experimental = ["layer"], "passed", False
    found = entry.to_dict()
    assert found["shadows"] is None and found["experimental"] is False
    assert (found["off_gpu"], found["accelerator"]) == (["layer"], "passed")
