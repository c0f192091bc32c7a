#!/bin/sh
# Trains on several machines of a Slurm cluster: one process on each, which uses all of its GPUs.
#
#   sbatch --nodes=4 scripts/slurm.sh --flagfile=unpaired.flags \
#       --raw_dir=RAW --target_dir=PHOTOGRAPHS --work_dir=RUN
#
# What stands behind the script's name are flags of tfisp.train. The log is slurm-JOB.out.
#
#SBATCH --job-name=tfisp
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=32
# A job that loses a machine is queued again, and goes on from its last checkpoint.
#SBATCH --requeue
#SBATCH --open-mode=append
# Two minutes before its time is up, each worker is told to write a checkpoint and end.
#SBATCH --signal=TERM@120
set -eu

# Jobs that share a machine need ports of their own.
port=${TFISP_PORT:-$((20000 + SLURM_JOB_ID % 10000))}

# "0: node-a" for each task, in any order -> "node-a:20000","node-b:20000" in the order of tasks.
TFISP_WORKERS=$(
    srun --label hostname | sort -n | sed "s/^ *[0-9]*: *\(.*\)/\"\1:$port\"/" | paste -s -d , -
)
export TFISP_WORKERS

# Slurm keeps this file on the first machine only, so what the others run is written out here.
exec srun --wait=120 sh -c '
    TF_CONFIG="{\"cluster\": {\"worker\": [$TFISP_WORKERS]},"
    TF_CONFIG="$TF_CONFIG \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
    export TF_CONFIG
    exec python -m tfisp.train --strategy=multiworker "$@"
' sh "$@"
