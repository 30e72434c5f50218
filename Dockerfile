# autofaces with all its packages.
#
#   docker build -t autofaces .                              for CPUs
#   docker build -t autofaces --build-arg DEVICE=cuda .      for NVIDIA GPUs too; run it with --gpus all
#
#   docker run --name run autofaces                          make repro
#   docker cp run:/autofaces/report .                        its page
#   docker run -it -v "$HOME/faces:/faces" -e AUTOFACES_DATA=/faces autofaces bash    your own photos
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /autofaces
ENV PATH=/autofaces/.venv/bin:$PATH
# uv knows where PyTorch's packages for CPUs only are; the ordinary ones have CUDA with them
ARG DEVICE=cpu
COPY requirements.txt constraints.txt pyproject.toml ./
RUN case "$DEVICE" in cpu) backend="--torch-backend cpu" ;; cuda) backend="" ;; \
      *) echo "DEVICE=$DEVICE: expected cpu or cuda" >&2; exit 1 ;; esac \
    && pip install --no-cache-dir uv \
    && python -m venv .venv \
    && uv pip install --python .venv/bin/python --no-cache $backend -r requirements.txt -c constraints.txt

# with .git: DVC asks git which files are its own, and `autofaces verify` what a commit says
COPY . .
RUN uv pip install --python .venv/bin/python --no-cache --no-deps -e . && touch .venv/.done

CMD ["make", "repro"]
