"""What competitions and papers measure, by name."""

from typing import NamedTuple


class Named(NamedTuple):
    """Measures that belong together.

    Attributes:
        measures: Names of `tfisp.metrics`.
        border: Pixels at each side of a picture that do not count.
        about: Whose they are.
    """

    measures: tuple[str, ...]
    border: int
    about: str


PROTOCOLS: dict[str, Named] = {
    # "Learned Smartphone ISP with Unpaired Data", https://www.codabench.org/competitions/12932
    "ntire26": Named(("psnr", "ssim", "ciede2000"), 0, "NTIRE 2026, unpaired ISP: RGB"),
    # arXiv 2211.03885; its score (`tfisp.metrics.mai22_score`) also takes a phone's runtime.
    "mai22": Named(("psnr", "ssim"), 0, "Mobile AI 2022, learned ISP: RGB"),
    # arXiv 2505.10420, abstract.
    "paper": Named(("psnr", "ssim", "ms_ssim", "lpips"), 0, "the paper's tables: RGB"),
    # As MATLAB scripts of the field have done since Yang et al. 2010, at four times the size.
    "sr_y": Named(("psnr_y", "ssim_y"), 4, "super-resolution: luma, 4 pixels of the border cut"),
}
