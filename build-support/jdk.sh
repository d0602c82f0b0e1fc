# Functions that find the JDK that moe4j needs. Scripts source this file.
# Environment: MOE4J_JAVA_HOME  a JDK 25 to use instead of the one found

readonly feature=25
readonly home=${HOME:-/nonexistent}

# Prints the feature release of the Java installation $1, or nothing. Reads its release file, because starting a JVM takes longer.
release_of() {
    [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 0
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" | head -n 1
}

candidates() {
    local dir java
    for dir in "${MOE4J_JAVA_HOME:-}" "${JAVA_HOME:-}"; do
        if [ -n "$dir" ]; then printf '%s\n' "$dir"; fi
    done
    if java=$(command -v java); then
        java=$(readlink -f "$java" 2>/dev/null) && printf '%s\n' "${java%/bin/java}"
    fi
    for dir in /usr/lib/jvm/* /usr/java/* /usr/local/lib/jvm/* /usr/local/openjdk* /opt/java/* /opt/*jdk* \
        "$home"/.sdkman/candidates/java/* "$home"/.jdks/* "$home"/.asdf/installs/java/* \
        "$home"/.local/share/mise/installs/java/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        if [ -d "$dir" ]; then printf '%s\n' "$dir"; fi
    done
    if [ -r "$home/.m2/toolchains.xml" ]; then
        sed -n 's:.*<jdkHome>[[:space:]]*\([^<]*[^<[:space:]]\).*:\1:p' "$home/.m2/toolchains.xml"
    fi
}

# Prints what is wrong with MOE4J_JAVA_HOME, or nothing: another JDK than the one that was asked for is not taken silently.
wrong_choice() {
    local release
    [ -n "${MOE4J_JAVA_HOME:-}" ] || return 0
    release=$(release_of "$MOE4J_JAVA_HOME")
    if [ -z "$release" ]; then
        printf 'MOE4J_JAVA_HOME is %s, which has no bin/java and release file: set it to a JDK %s, or unset it' "$MOE4J_JAVA_HOME" "$feature"
    elif [ "$release" != "$feature" ]; then
        printf 'MOE4J_JAVA_HOME is %s, which has Java %s: set it to a JDK %s, or unset it' "$MOE4J_JAVA_HOME" "$release" "$feature"
    fi
}

# Prints the first installation of the wanted release. One with a compiler is preferred, because a build needs it.
find_java() {
    local dir found=
    while IFS= read -r dir; do
        [ "$(release_of "$dir")" = "$feature" ] || continue
        if [ -x "$dir/bin/javac" ]; then
            printf '%s\n' "$dir"
            return
        fi
        found=${found:-$dir}
    done < <(candidates)
    printf '%s\n' "$found"
}
