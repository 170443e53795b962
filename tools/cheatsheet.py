from stylekit.images import load_image, save_image
from stylekit.networks import load_network
from stylekit.transfer import stylise

network = load_network("compact")  # or "vgg19"
p, a = load_image("chelsea", size=256), load_image("swirls", size=256)
for step in stylise(p, a, network, content_weight=0.1, style_weight=1.0):  # alpha and beta
    print(step.evaluations, step.losses)
save_image(step.image, "painting.png")
