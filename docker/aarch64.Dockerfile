# A Debian 12 machine that compiles for a Debian 12 box on 64-bit ARM: the same C library (2.36) and
# the same GStreamer (1.22) on both sides. Used through Cross.toml; cross brings the Rust toolchain.
FROM debian:bookworm

ARG DEBIAN_FRONTEND=noninteractive
RUN dpkg --add-architecture arm64 \
 && apt-get update \
 && apt-get install --yes --no-install-recommends \
        ca-certificates \
        crossbuild-essential-arm64 \
        gcc \
        libc6-dev \
        pkg-config \
        qemu-user-static \
        libgstreamer1.0-dev:arm64 \
        libgstreamer-plugins-base1.0-dev:arm64 \
        libgstrtspserver-1.0-dev:arm64 \
        gstreamer1.0-plugins-base:arm64 \
        gstreamer1.0-plugins-good:arm64 \
        gstreamer1.0-plugins-bad:arm64 \
        gstreamer1.0-libav:arm64 \
 && rm -rf /var/lib/apt/lists/*

# The variables that end in the target's name leave the host's own pkg-config and compiler alone:
# build scripts run on the host.
ENV CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64-static \
    CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc \
    CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++ \
    AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar \
    PKG_CONFIG_ALLOW_CROSS_aarch64_unknown_linux_gnu=1 \
    PKG_CONFIG_LIBDIR_aarch64_unknown_linux_gnu=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig
