# docker build -t lstmcast .
# docker build -t lstmcast:gpu --build-arg EXTRAS=gpu .
# docker run --rm -v "$PWD":/work --user "$(id -u):$(id -g)" lstmcast train configs/co2.yaml
#
# GPU, with the NVIDIA container toolkit: docker run --gpus all … lstmcast:gpu …
ARG PYTHON=3.12
FROM python:${PYTHON}-slim

# Extras of the package, separated by commas, such as gpu or gpu,parquet.
ARG EXTRAS=""

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib

WORKDIR /src

# The dependencies, in a layer that changes only with the pins: an empty package stands for the code.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir lstmcast && touch lstmcast/__init__.py \
    && pip install --constraint constraints.txt setuptools \
    && pip install --constraint constraints.txt --no-build-isolation ".${EXTRAS:+[$EXTRAS]}" \
    && pip uninstall --yes lstmcast \
    && rm -rf lstmcast build *.egg-info

COPY lstmcast lstmcast
RUN pip install --no-deps --no-build-isolation . && rm -rf /src

RUN useradd --create-home --uid 1000 lstmcast && install --directory --owner lstmcast /work
USER lstmcast
WORKDIR /work

ENTRYPOINT ["lstmcast"]
CMD ["--help"]
