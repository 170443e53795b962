# One image for a class: JupyterLab, or the studio alone, or a student's server behind JupyterHub (docs/classroom.md).
#   docker build -t stylekit .
#   docker run --rm -it -p 127.0.0.1:8888:8888 -v stylekit:/home/student stylekit          JupyterLab
#   docker run --rm -it -p 127.0.0.1:8866:8866 stylekit studio                             the studio
FROM python:3.12-slim

# PyTorch's CPU build is several GB smaller than the default one, which carries CUDA: give the address that PyTorch's
# own installation page names after --index-url for Linux, pip and CPU (docker build --build-arg TORCH_INDEX=...).
ARG TORCH_INDEX=""
ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1

WORKDIR /opt/stylekit
COPY constraints.txt ./
RUN if [ -n "$TORCH_INDEX" ]; then \
    python -m pip install --no-deps --index-url "$TORCH_INDEX" -c constraints.txt torch torchvision; \
    fi
COPY pyproject.toml README.md LICENSE ./
COPY stylekit ./stylekit
COPY data ./data
RUN python -m pip install -c constraints.txt ".[lab,classroom]"

COPY voila.json ./
COPY notebooks ./notebooks
COPY docs/classroom/start.sh ./docs/classroom/start.sh

# Whoever runs the notebooks may change nothing above: all of it belongs to root.
RUN useradd --create-home --uid 1000 student
USER student
WORKDIR /home/student
# Inside a container it must listen on every address; which of them the outside can reach is what -p says.
ENV STYLEKIT_IP=0.0.0.0 OMP_NUM_THREADS=2
EXPOSE 8888 8866
ENTRYPOINT ["sh", "/opt/stylekit/docs/classroom/start.sh"]
CMD ["lab"]
