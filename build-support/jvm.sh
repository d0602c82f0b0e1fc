# Functions with which a script starts the command line's JVM, from the source tree or from what gpu-pack has packed. Scripts source this file.

# In the C locale, Java reads and writes ASCII file names alone. C.UTF-8 is the same locale with all names.
use_utf8() {
    local charmap
    charmap=$(locale charmap 2>/dev/null) || charmap=unknown
    case $charmap in
        ANSI_X3.4-1968 | US-ASCII | 646) ;;
        unknown) case ${LC_ALL:-${LC_CTYPE:-${LANG:-C}}} in C | POSIX) ;; *) return 0 ;; esac ;;
        *) return 0 ;;
    esac
    # Not LC_CTYPE alone: where LANG names a locale that is not installed, all of them are refused.
    export LC_ALL=C.UTF-8
}

# Prints the modules that make native calls, with commas: the command line, which asks the terminal for its width, and those of whose jars the folder $1
# has one. A module that is not there would be warned of.
native_modules() {
    local module found=io.moe4j.app
    for module in org.bytedeco.javacpp:javacpp org.bytedeco.openblas:openblas org.bytedeco.cuda:cuda jcuda:jcuda \
        io.moe4j.runtime.cpu:moe4j-runtime-cpu io.moe4j.runtime.cuda:moe4j-runtime-cuda \
        ai.djl.tokenizers:tokenizers io.moe4j.tokenizer.huggingface:moe4j-tokenizer-huggingface \
        com.github.luben.zstd_jni:zstd-jni org.xerial.snappy:snappy-java dev.hardwood.core:hardwood-core; do
        if (cd -- "$1" && compgen -G "${module#*:}-[0-9]*.jar") >/dev/null; then found=$found,${module%%:*}; fi
    done
    printf '%s\n' "$found"
}

# Prints the size with which the heap begins, unless the user has a limit for it: the JVM does not start with one below that size.
first_heap() {
    case ${MOE4J_JAVA_OPTS:-} in *-Xmx* | *MaxHeapSize* | *MaxRAM*) ;; *) printf '%s\n' -Xms256m ;; esac
}

# Prints the option with which a JVM of few processors compiles the loops of a first step side by side. By itself it takes one thread of its optimizing
# compiler on 2 processors, two on 4 and three on 8; until a loop is compiled, its vectors are interpreted. Where there are more processors it has enough.
compiler_threads() {
    local processors
    processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null) || return 0
    case $processors in [1-7]) printf '%s\n' -XX:CICompilerCount=4 ;; esac
}

# The JVM heads what it writes with a warning that a module is incubating, which is so on purpose. A filter takes that line out. It ends as soon as the
# program runs, which then writes to standard error itself, by way of descriptor 8.
startup_errors() {
    trap '' HUP INT TERM
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in 'WARNING: Using incubator modules: jdk.incubator.vector') ;; *) printf '%s\n' "$line" ;; esac
    done >&8
}
