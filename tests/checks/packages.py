# SPDX-License-Identifier: BSL-1.0
"""CMake, vcpkg and Conan describe one and the same library.

The components and the version agree, every component can be switched, and every header and source
file belongs to a component: a header that none lists would build here and be missing once installed.
"""

import ast
import json
import os
import re

import sources

CMAKE_FILES = ("CMakeLists.txt", "cmake/components.cmake")


def without_cmake_comments(text):
    return re.sub(r"#[^\n]*", "", text)


def conan_class(text):
    """The literal attributes of the recipe's class."""
    tree = ast.parse(text)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    attributes = {}
    for node in classes[0].body if len(classes) == 1 else []:
        if isinstance(node, ast.Assign):
            try:
                attributes[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                pass
    return attributes


def with_options(attributes, key):
    return {name[5:]: value for name, value in attributes.get(key, {}).items() if name.startswith("with_")}


def components_agree(cmake, vcpkg, conan):
    components = set(re.findall(r"scalekit_component\(\s*([a-z0-9_]+)", cmake)) - {"core"}
    switches = {name.lower() for name in re.findall(r"option\(SCALEKIT_WITH_(\w+)", cmake)}
    features = set(vcpkg.get("features", {}))
    options = set(with_options(conan, "options"))
    for what, names in (("vcpkg.json has features", features), ("conanfile.py has options", options)):
        if names != components:
            yield f"{what} {sorted(names)}, CMake has components {sorted(components)}"
    for name in sorted(components - switches):
        yield f"CMakeLists.txt has no option SCALEKIT_WITH_{name.upper()}"
    defaults = {name for name, value in with_options(conan, "default_options").items() if value}
    if defaults != set(vcpkg.get("default-features", [])):
        yield f"vcpkg.json and conanfile.py differ in what is on by default: conan {sorted(defaults)}"


def cmake_depends(cmake):
    """component -> the components it depends on, without core."""
    depends = {}
    for name, body in re.findall(r"scalekit_component\(\s*(\w+)(.*?)\)", cmake, re.DOTALL):
        words = re.search(r"\bDEPENDS((?:\s+[a-z]\w*)*)", body)
        depends[name] = set(words[1].split()) - {"core"} if words else set()
    return depends


def vcpkg_depends(feature):
    return {
        needed
        for dependency in feature.get("dependencies", [])
        if isinstance(dependency, dict) and dependency["name"] == "scalekit"
        for needed in dependency.get("features", [])
    }


def dependencies_agree(cmake, vcpkg, conan):
    for name, depends in sorted(cmake_depends(cmake).items()):
        if name == "core":
            continue
        in_vcpkg = vcpkg_depends(vcpkg.get("features", {}).get(name, {}))
        in_conan = {n for n in conan.get("_requires", {}).get(name, []) if "::" not in n} - {"core"}
        for what, other in (("vcpkg.json", in_vcpkg), ("conanfile.py", in_conan)):
            if other != depends:
                yield f"{name} depends on {sorted(depends)} in CMake, on {sorted(other)} in {what}"


def versions_agree(cmake, vcpkg, conan):
    version = re.search(r"\bVERSION\s+(\d+\.\d+\.\d+)", cmake)
    version = version[1] if version else None
    for what, other in (("vcpkg.json", vcpkg.get("version")), ("conanfile.py", conan.get("version"))):
        if other != version:
            yield f"{what} is at version {other}, CMakeLists.txt at {version}"


def files_belong(root, cmake):
    words = set(re.findall(r"[\w./-]+", re.sub(r"\$\{\w+\}", "*", cmake)))
    spelled = {re.sub(r"\$\{\w+\}", "*", word) for word in re.findall(r"[\w./${}-]+\.(?:hpp|cpp)", cmake)}
    patterns = [re.compile(re.escape(word).replace(r"\*", r"\w+")) for word in spelled if "*" in word]
    for folder, ending in (("include/scalekit", ".hpp"), ("src", ".cpp")):
        for path in sources.files(root, [folder], ending):
            name = os.path.relpath(path, folder)
            if name not in words and not any(p.fullmatch(name) for p in patterns):
                yield f"{path}: no component in {' or '.join(CMAKE_FILES)} lists it"


def check(root):
    cmake = "\n".join(without_cmake_comments(sources.read(root, name)) for name in CMAKE_FILES)
    vcpkg = json.loads(sources.read(root, "vcpkg.json"))
    conan = conan_class(sources.read(root, "conanfile.py"))
    yield from components_agree(cmake, vcpkg, conan)
    yield from dependencies_agree(cmake, vcpkg, conan)
    yield from versions_agree(cmake, vcpkg, conan)
    yield from files_belong(root, cmake)


if __name__ == "__main__":
    sources.run(check, "packages")
