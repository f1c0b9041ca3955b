FROM condaforge/miniforge3:latest
LABEL io.github.snakemake.containerized="true"
LABEL io.github.snakemake.conda_env_hash="5327bc4810630bd3e15e85255f637bb5e1fe95f837fc826d5ab9a2cb15d46186"
# Conda environment:
#   source: envs/analysis.yaml
#   prefix: /conda-envs/661875a1b92e1d02957daa540b830e55
#   # Profile, configuration, diagnostics, out-of-sample gate, decisions, reports: all but training.
#   # Versions were checked against the recipes of conda-forge, but this file has not been solved: before its first use,
#   #   conda env create --dry-run -f envs/analysis.yaml
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python=3.11
#     - numpy=2.4.6
#     - scipy=1.17.1
#     - pandas=3.0.3
#     - pyarrow=23.0.1
#     - python-calamine=0.* # this, babel and jinja2 were not checked against the recipes
#     - xarray=2026.4.0
#     - xarray-einstats=0.9.1
#     - arviz=0.23.4
#     - h5netcdf=1.8.1
#     - h5py=3.16.0
#     - netcdf4=1.7.4
#     - hdf5=1.14.6 # h5py and netcdf4 are built for two; pin one
#     - pydantic=2.12.*
#     - pyyaml=6.0.3
#     - jsonschema=4.26.0
#     - charset-normalizer=3.4.*
#     - babel=2.18.0
#     - holidays=0.109 # not checked against the recipes either
#     - matplotlib-base=3.10.9
#     - jinja2=3.1.6
RUN mkdir -p /conda-envs/661875a1b92e1d02957daa540b830e55
COPY envs/analysis.yaml /conda-envs/661875a1b92e1d02957daa540b830e55/environment.yaml
# Conda environment:
#   source: envs/train_cpu.yaml
#   prefix: /conda-envs/5ac4724e6c42e68e24e98b56e8ea5944
#   # Training on processor cores (rule train_cpu).
#   # Versions were checked against the recipes of conda-forge, but this file has not been solved: before its first use,
#   #   conda env create --dry-run -f envs/train_cpu.yaml
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python=3.11
#     - pymc=5.28.5 # brings the compilers that pymc-base leaves out
#     - pytensor=2.38.3
#     - numba=0.65.1
#     - llvmlite=0.47.0
#     - numpy=2.4.6
#     - scipy=1.17.1
#     - pandas=3.0.3
#     - arviz=0.23.4
#     - xarray=2026.4.0
#     - xarray-einstats=0.9.1
#     - h5netcdf=1.8.1
#     - h5py=3.16.0
#     - netcdf4=1.7.4
#     - hdf5=1.14.6 # h5py and netcdf4 are built for two; pin one
#     - nutpie=0.16.8
#     - pyarrow-core=23.0.1=*_cpu # of the same abseil and grpc generation as jaxlib
#     - numpyro=0.21.0
#     - jax=0.9.2
#     - jaxlib=0.9.2=cpu_*
#     - pydantic=2.12.*
#     - pyyaml=6.0.3
#     - jsonschema=4.26.0
RUN mkdir -p /conda-envs/5ac4724e6c42e68e24e98b56e8ea5944
COPY envs/train_cpu.yaml /conda-envs/5ac4724e6c42e68e24e98b56e8ea5944/environment.yaml

RUN conda env create --prefix /conda-envs/661875a1b92e1d02957daa540b830e55 --file /conda-envs/661875a1b92e1d02957daa540b830e55/environment.yaml && \
    conda env create --prefix /conda-envs/5ac4724e6c42e68e24e98b56e8ea5944 --file /conda-envs/5ac4724e6c42e68e24e98b56e8ea5944/environment.yaml && \
    conda clean --all -y
