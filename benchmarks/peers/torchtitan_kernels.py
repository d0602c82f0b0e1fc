"""Takes Triton kernels, and the functions that launch them, out of a checkout of torchtitan, without what else their files import."""

import ast
import importlib.util
import pathlib
import tempfile

EXCHANGE = "torchtitan/distributed/minimal_async_ep/kernels.py"
SWIGLU = "torchtitan/overrides/fused_swiglu.py"


def load(checkout, path, functions):
    """A module with the named functions of the file `path`, its kernels and its constants."""
    tree = ast.parse((pathlib.Path(checkout) / path).read_text())
    kept = [node for node in tree.body if keep(node, functions)]
    missing = set(functions) - {node.name for node in kept if isinstance(node, ast.FunctionDef)}
    if missing:
        raise SystemExit(f"{checkout}/{path} has no {sorted(missing)}; is it torchtitan, of November 2026?")
    # Triton reads the source of its kernels again, so it must be in a file.
    file = pathlib.Path(tempfile.mkdtemp()) / pathlib.Path(path).name
    file.write_text(ast.unparse(ast.Module(kept, [])))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def keep(node, functions):
    if isinstance(node, ast.Import):
        return all(name.name.split(".")[0] in ("torch", "triton") for name in node.names)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id.lstrip("_").isupper() for target in node.targets)
    if isinstance(node, ast.FunctionDef):
        return node.name in functions or any("triton.jit" in ast.unparse(each) for each in node.decorator_list)
    return False
