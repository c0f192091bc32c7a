"""What may be meant by a name that is not known: what is spelt alike, or called so elsewhere."""

import difflib
import itertools
import re
from collections.abc import Iterable

from absl.flags import FlagValues

# Our flags, by the names that other tools give to the same. Of several the first that the program
# has is meant.
_OURS: dict[tuple[str, ...], str] = {
    ("work_dir", "output"): "out outdir out_dir outf output_dir output_path save save_dir save_path"
    " dest o logdir log_dir run_dir exp exp_dir exp_name experiment result_dir results results_dir"
    " name",
    ("steps",): "iterations iters max_steps max_iter max_iters num_steps niter n_iter total_iter"
    " total_steps train_steps",
    ("batch_size",): "batch bs b batchsize train_batch_size mini_batch",
    ("learning_rate",): "lr base_lr init_lr lr_g g_lr lrG generator_lr",
    ("critic_learning_rate",): "lr_d d_lr lrD critic_lr disc_lr discriminator_lr",
    ("beta_1",): "betas momentum b1",
    ("critic_interval",): "n_critic d_every d_interval disc_interval d_reg_every",
    ("gamma",): "r1 r2 r1_gamma lambda_gp gp_weight",
    ("adversarial",): "gan gan_mode gan_type loss_type",
    ("critics",): "discriminator discriminators netD disc",
    ("accumulate",): "grad_accum accum accum_iter accumulation_steps gradient_accumulation"
    " gradient_accumulation_steps",
    ("precision",): "amp fp16 half bf16 mixed_precision use_amp dtype",
    ("strategy",): "gpus num_gpus n_gpu n_gpus ngpu ngpus gpu_ids device_ids ddp distributed"
    " multi_gpu nodes world_size distribute",
    ("xla",): "jit jit_compile compile",
    ("patch_size", "size"): "crop_size image_size img_size imsize patch ps resolution",
    ("log_every",): "log_freq log_interval print_freq print_interval display_freq log_steps",
    ("validate_every",): "val_freq val_interval eval_freq eval_every eval_interval val_every",
    ("image_every",): "image_freq sample_every sample_interval vis_freq snap",
    ("save_every",): "save_freq save_interval save_epoch_freq checkpoint_every ckpt_freq",
    ("max_to_keep",): "keep save_total_limit keep_checkpoints",
    ("model",): "checkpoint ckpt ckpt_path checkpoint_path weights load load_from load_path arch"
    " model_dir model_name model_path m net netG network generator preset pretrained init_from",
    ("data",): "dataset dataset_name dataset_type",
    ("raw_dir",): "data_dir data_path data_root dataroot dataset_dir dataset_path input input_dir"
    " raw raws raw_path root root_dir source source_dir src train_dir",
    ("target_dir",): "photos photographs style style_dir target targets target_path trg",
    ("truth", "target_dir"): "gt gt_dir ground_truth ref ref_dir reference_dir hr hr_dir",
    ("pictures",): "images_dir pred preds pred_dir prediction predictions restored sr sr_dir",
    ("val_pairs",): "val_dir val_data validation_dir",
    ("metrics",): "metric measures measure",
    ("images", "scenes"): "limit max_images max_samples num_images num_samples n_images n_samples",
    ("augment",): "augmentation flip hflip",
    ("seed",): "manual_seed random_seed rng_seed",
    ("data_seed",): "split_seed",
    ("tile",): "tile_size tile_side tiles chunk",
    ("white_balance",): "wb awb gains",
    ("exposure",): "ev brightness",
    ("depth",): "bitdepth bit_depth bps output_bps",
    ("format",): "ext extension suffix file_format",
    ("quality",): "jpeg_quality q",
    ("pattern",): "bayer bayer_pattern cfa cfa_pattern",
    ("black_level",): "black bl blacklevel",
    ("white_level",): "white wl whitelevel saturation",
    ("raw_size", "size"): "height width h w shape",
    ("on_bad_file",): "skip_errors ignore_errors skip_bad",
    ("onnx",): "to_onnx export_onnx",
    ("calibration",): "calib calib_dir representative representative_dataset int8",
    ("runtime",): "backend engine",
    ("dry_run",): "dryrun plan test_run",
    ("flagfile",): "config cfg config_file conf c opt options yaml yml args_file",
}

# What has no flag here; flags of which the programs have one to which the answer applies (none: all
# programs); the answer.
_NO_FLAG: tuple[tuple[str, str, str], ...] = (
    (
        "epochs epoch num_epochs n_epochs max_epochs nepoch niter_epochs",
        "steps",
        "training is counted in steps: --steps",
    ),
    (
        "resume continue continue_train auto_resume restore resume_from",
        "work_dir",
        "a run goes on by itself: give the same --work_dir; --model=RUN starts a new one from it",
    ),
    (
        "resume continue auto_resume",
        "metrics",
        "the same command with the same --output goes on where it was",
    ),
    (
        "resume continue auto_resume skip_existing",
        "quality",
        "the same command renders all files again",
    ),
    (
        "overwrite fresh force restart",
        "work_dir",
        "a run is never overwritten: give a new --work_dir",
    ),
    (
        "workers num_workers n_workers j jobs threads num_threads nthreads nproc cpus prefetch",
        "model data",
        "all processors are used by themselves; `taskset -c 0-3` before the command leaves it four",
    ),
    (
        "gpu gpu_id device devices cuda cuda_device use_gpu use_cuda cpu no_cuda",
        "strategy",
        "the first GPU is used, all with --strategy=mirrored; choose some by"
        " CUDA_VISIBLE_DEVICES=0 before the command, none by CUDA_VISIBLE_DEVICES=",
    ),
    (
        "gpu gpu_id gpus device devices cuda cuda_device use_gpu use_cuda cpu no_cuda",
        "model",
        "choose a GPU by CUDA_VISIBLE_DEVICES=0 before the command, none by CUDA_VISIBLE_DEVICES=",
    ),
    (
        "scheduler lr_scheduler lr_schedule lr_policy lr_decay warmup warmup_steps",
        "learning_rate",
        "how rates go belongs to the --recipe; --learning_rate sets the first one",
    ),
    (
        "optimizer optim opt_type",
        "learning_rate",
        "all networks learn by Adam: --learning_rate, --critic_learning_rate, --beta_1",
    ),
    (
        "ema ema_decay use_ema",
        "steps",
        "weights are always averaged, and the average is published",
    ),
    ("loss losses criterion lambda_l1 loss_weights", "recipe", "losses are chosen by --recipe"),
    ("verbose v quiet debug log_level", "", "there is one amount of output"),
)


def suggestion(name: str, known: Iterable[str]) -> str:
    """The words "; did you mean X or Y?" for a mistyped name; empty where nothing is close."""
    close = difflib.get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def for_flag(name: str, values: FlagValues) -> str:
    """What to say of a flag that a program does not have, after its name.

    Args:
        name: Without dashes in front.
        values: The program's flags.
    """
    given = name.replace("-", "_")
    if given in values:
        return f"; did you mean --{given}?"
    ours = (flags for flags, theirs in _OURS.items() if given in theirs.split())
    for flag in itertools.chain.from_iterable(ours):
        if flag in values or flag == "flagfile":
            return f"; did you mean --{flag}?"
    for theirs, flags, answer in _NO_FLAG:
        applies = not flags or any(flag in values for flag in flags.split())
        if applies and given in theirs.split():
            return f"; {answer}"
    known = [*values, *(f"no{flag}" for flag in values if values[flag].boolean)]
    close = suggestion(name, known)
    return re.sub(r"(did you mean | or )", r"\1--", close) if close else "; see --help"
