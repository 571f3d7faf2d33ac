# SPDX-License-Identifier: BSL-1.0
from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy

required_conan_version = ">=2.0"


class ScalekitRecipe(ConanFile):
    name = "scalekit"
    version = "0.1.0"
    description = "The ten things that break when a backend grows, as an embeddable C++20 SDK"
    license = "BSL-1.0"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "with_asio": [True, False],
        "with_compress": [True, False],
        "with_crypto": [True, False],
        "with_http": [True, False],
        "with_mariadb": [True, False],
        "with_redis": [True, False],
        "with_postgres": [True, False],
        "with_sqlite": [True, False],
        "with_testing": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "with_asio": False,
        "with_compress": False,
        "with_crypto": False,
        "with_http": False,
        "with_mariadb": False,
        "with_redis": False,
        "with_postgres": False,
        "with_sqlite": True,
        "with_testing": False,
    }
    implements = ["auto_shared_fpic"]
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"

    # component: the components and the packages it requires
    _requires = {
        "asio": ["core", "boost::headers"],
        "compress": ["core", "zlib::zlib"],
        "crypto": ["core", "openssl::crypto"],
        "http": ["core", "crypto", "compress", "boost::headers", "boost::json", "openssl::ssl"],
        "redis": ["core", "hiredis::hiredis", "openssl::ssl"],
        "mariadb": ["core", "mariadb-connector-c::mariadb-connector-c"],
        "postgres": ["core", "libpq::pq"],
        "sqlite": ["core", "sqlite3::sqlite3"],
        "testing": ["core"],
    }

    def _enabled(self):
        """The components asked for, and those they stand on."""
        enabled = set()
        todo = [name for name in self._requires if self.options.get_safe(f"with_{name}")]
        while todo:
            name = todo.pop()
            enabled.add(name)
            todo += [need for need in self._requires[name] if need in self._requires]
        return sorted(enabled)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        versions = {
            "zlib": "zlib/[>=1.2.11 <2]",
            "openssl": "openssl/[>=3.0 <4]",
            "boost": "boost/[>=1.81.0 <2]",
            "hiredis": "hiredis/[>=0.14.0 <2]",
            "mariadb-connector-c": "mariadb-connector-c/[>=3.3.3 <4]",
            "libpq": "libpq/[>=14 <18]",
            "sqlite3": "sqlite3/[>=3.40.0 <4]",
        }
        needed = {need.split("::")[0] for name in self._enabled() for need in self._requires[name]}
        for package in sorted(needed & versions.keys()):
            self.requires(versions[package])

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["SCALEKIT_BUILD_TESTS"] = False
        toolchain.cache_variables["SCALEKIT_BUILD_EXAMPLES"] = False
        for name in self._requires:
            toolchain.cache_variables[f"SCALEKIT_WITH_{name.upper()}"] = name in self._enabled()
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, f"{self.package_folder}/licenses")
        CMake(self).install()

    def package_info(self):
        # Conan writes the CMake package itself, from these lines.
        self.cpp_info.set_property("cmake_file_name", "scalekit")
        self._component("core", [])
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.components["core"].system_libs = ["pthread"]
        for name in self._enabled():
            self._component(name, self._requires[name])

    def _component(self, name, requires):
        info = self.cpp_info.components[name]
        info.libs = [f"scalekit-{name}"]
        info.requires = requires
        info.set_property("cmake_target_name", f"scalekit::{name}")
        info.set_property("pkg_config_name", f"scalekit-{name}")
        if self.options.shared:
            info.defines = ["SCALEKIT_SHARED"]
