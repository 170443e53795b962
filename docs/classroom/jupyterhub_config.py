"""JupyterHub for one machine: every student a server, a folder and notebooks of their own. See docs/classroom.md.

Environment variables, all optional:
STYLEKIT_URL      where people reach the hub; http://127.0.0.1:8000 if not set, which only this machine can
STYLEKIT_TRIAL    a folder: try the hub on your own account. Every name is let in with the password in
                  STYLEKIT_TRIAL_PASSWORD (8 characters or more), all servers run as you, homes lie in the folder
OMP_NUM_THREADS   threads that one painting uses; 1 if not set
"""

import json
import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821  (JupyterHub puts it here)

KIT = Path(__file__).resolve().parents[2]
STUDIO = json.loads((KIT / "voila.json").read_text())
# The kit's environment comes first, whether it is activated or not: the proxy, `python` and `jupyterhub-singleuser`
# are to be the ones in it.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

# Where it listens. The hub's own port and the proxy's, 8081 and 8001, are for this machine alone in any case.
c.JupyterHub.bind_url = os.environ.get("STYLEKIT_URL", "http://127.0.0.1:8000")

# Who may come in: the machine's own accounts, checked by PAM, if they are in the group `students` or `teachers`.
# A university's single sign-on is another authenticator (the package oauthenticator); replace these three lines.
c.JupyterHub.authenticator_class = "pam"
c.LocalAuthenticator.allowed_groups = {"students"}
c.LocalAuthenticator.admin_groups = {"teachers"}

# What starts for them: a server under their own account, in a folder with their own copies of the notebooks, which
# start.sh makes as that user; nothing is written as root into a folder that a student controls.
c.JupyterHub.spawner_class = "localprocess"
c.Spawner.cmd = ["sh", str(Path(__file__).resolve().parent / "start.sh"), "jupyterhub-singleuser"]
c.Spawner.default_url = "/lab/tree/00-start-here.ipynb"
c.Spawner.start_timeout = 120  # thirty servers that start at once share the processor
c.Spawner.environment = {
    "PATH": os.environ["PATH"],
    "STYLEKIT_KIT": str(KIT),
    # PyTorch takes every core if it may: thirty students with as many threads each would slow one another down.
    "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    **{name: os.environ[name] for name in ("STYLEKIT_CACHE", "TORCH_HOME") if name in os.environ},
}

# The local process spawner does NOT keep these two; it only tells the server about them. The systemd spawner does:
# install jupyterhub-systemdspawner into the same environment and say "systemd" above instead of "localprocess".
c.Spawner.mem_limit = "2G"
c.Spawner.cpu_limit = 2

# A kernel holds the memory, so it goes first: after an hour without a cell running, even if its page is still open.
# A server without kernels goes half an hour later. The files stay; whoever comes back is given a new server.
c.Spawner.args = [
    "--MappingKernelManager.cull_idle_timeout=3600",
    "--MappingKernelManager.cull_connected=True",
    "--MappingKernelManager.cull_interval=60",
    "--ServerApp.shutdown_no_activity_timeout=1800",
    # Other accounts on this machine cannot listen to what a server and its kernel say to each other.
    "--KernelManager.transport_encryption=auto",
    # The studio, at .../voila/render/12-studio.ipynb, as `make studio` serves it: large uploads, and no lesson.
    f"--ServerApp.tornado_settings={STUDIO['Voila']['tornado_settings']}",
    "--TagRemovePreprocessor.enabled=True",
    *(f"--TagRemovePreprocessor.remove_cell_tags={tag}" for tag in STUDIO["TagRemovePreprocessor"]["remove_cell_tags"]),
]
c.JupyterHub.active_server_limit = 40
c.JupyterHub.concurrent_spawn_limit = 10

if "STYLEKIT_TRIAL" in os.environ:
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = os.environ.get("STYLEKIT_TRIAL_PASSWORD", "")
    c.SharedPasswordAuthenticator.allow_all = True
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = f"{os.environ['STYLEKIT_TRIAL']}/{{username}}"
