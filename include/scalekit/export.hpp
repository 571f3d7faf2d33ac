// SPDX-License-Identifier: BSL-1.0
#ifndef SCALEKIT_EXPORT_HPP
#define SCALEKIT_EXPORT_HPP

/// \file
/// `SCALEKIT_EXPORT` marks the symbols a shared build exports; a static build needs nothing.
/// `SCALEKIT_SHARED` is set by the package for consumers, `SCALEKIT_BUILDING` while building.

#if defined(SCALEKIT_SHARED) && defined(_WIN32)
#if defined(SCALEKIT_BUILDING)
#define SCALEKIT_EXPORT __declspec(dllexport)
#else
#define SCALEKIT_EXPORT __declspec(dllimport)
#endif
#elif defined(SCALEKIT_SHARED) && defined(__GNUC__)
#define SCALEKIT_EXPORT __attribute__((visibility("default")))
#else
#define SCALEKIT_EXPORT
#endif

#endif
