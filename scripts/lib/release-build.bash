# Builds the server as a release contains it, so that two builds of one commit are the same. To be sourced.
#
# shellcheck shell=bash

# Where the files of every release build seem to be, in debug information and in messages of assertions.
release_sources=/usr/src/connvo-server

# Clones a commit of the checkout ROOT into FOLDER/connvo-server, which must not exist, and builds it there. The name of
# the last folder is that of the package for SwiftPM, and is therefore always the same.
release_build() { # ROOT COMMIT FOLDER
    local root=$1 commit=$2 folder toolchain
    mkdir -p "$3"
    folder=$(realpath "$3")/connvo-server
    git clone --quiet --no-checkout "$root" "$folder"
    git -C "$folder" checkout --quiet --detach "$commit"
    "$folder/scripts/lock-dependencies" --restore
    toolchain=$(dirname "$(dirname "$(realpath "$(command -v swift)")")")
    # Incremental compilation keeps a hash of each module, in which its path counts, in section .swift_modhash: without the
    # option against it, only that section differs, and the identifier that is made of all others.
    # The optimizer walks through sets in the order of addresses: with random ones (no setarch) one function came out in
    # two ways.
    # Swift sorts what it writes by the hash of names in places. C and C++ have __FILE__ in messages of assertions.
    (
        cd "$folder" || exit
        SOURCE_DATE_EPOCH=$(git show --no-patch --format=%ct "$commit")
        export SOURCE_DATE_EPOCH CONNVO_COMMIT=$commit SWIFT_DETERMINISTIC_HASHING=1 LC_ALL=C TZ=UTC ZERO_AR_DATE=1
        setarch --addr-no-randomize swift build -c release --product connvo-server --static-swift-stdlib \
            --only-use-versions-from-resolved-file \
            -Xswiftc -file-prefix-map -Xswiftc "$folder=$release_sources" \
            -Xswiftc -file-prefix-map -Xswiftc "$toolchain=/usr/lib/swift" \
            -Xswiftc -file-compilation-dir -Xswiftc "$release_sources" \
            -Xswiftc -Xfrontend -Xswiftc -no-clang-module-breadcrumbs \
            -Xswiftc -Xfrontend -Xswiftc -disable-incremental-llvm-codegen \
            -Xcc "-ffile-prefix-map=$folder=$release_sources" -Xcc "-ffile-prefix-map=$toolchain=/usr/lib/swift" \
            -Xcc "-ffile-compilation-dir=$release_sources" \
            -Xcxx "-ffile-prefix-map=$folder=$release_sources" -Xcxx "-ffile-prefix-map=$toolchain=/usr/lib/swift" \
            -Xcxx "-ffile-compilation-dir=$release_sources" \
            -Xlinker --build-id=sha1 >&2
    )
    release_binary=$folder/.build/release/connvo-server
    [[ -x "$release_binary" ]]
}
