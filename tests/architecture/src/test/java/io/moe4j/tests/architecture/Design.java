package io.moe4j.tests.architecture;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The table of the design in code: which module may use which others. */
final class Design {
    private static final String API = "io.moe4j.api";
    private static final String AUTOGRAD = "io.moe4j.autograd";
    private static final String LAYERS = "io.moe4j.layers";
    private static final String PLANNING = "io.moe4j.runtime.planning";
    private static final String CUDA = "io.moe4j.runtime.cuda";

    /**
     * The packages of the device SPI. A device makes tensors, groups and operations, and each of these belongs to a device: they are
     * one idea, divided into folders to be easier to read.
     */
    static final Set<String> DEVICE_SPI = Set.of(API + ".device", API + ".capture", API + ".group", API + ".memory",
            API + ".ops",
            API + ".tensor");

    /** The modules that plug-ins and libraries may use. A plug-in never uses another one, except that kernels use the CUDA runtime. */
    private static final Map<String, Set<String>> PARTS = Map.ofEntries(
            Map.entry(API, Set.of()),
            Map.entry(AUTOGRAD, Set.of(API)),
            Map.entry("io.moe4j.activationcheckpoint", Set.of(API, AUTOGRAD)),
            Map.entry(PLANNING, Set.of(API)),
            Map.entry("io.moe4j.runtime.cpu", Set.of(API, PLANNING)),
            Map.entry(CUDA, Set.of(API, PLANNING)),
            Map.entry("io.moe4j.comm.standard", Set.of(API)),
            Map.entry("io.moe4j.comm.nccl", Set.of(API, CUDA)),
            Map.entry("io.moe4j.comm.minimalasyncep", Set.of(API, CUDA)),
            Map.entry("io.moe4j.kernels.swiglu", Set.of(API, CUDA)),
            Map.entry("io.moe4j.cudagraph", Set.of(API, CUDA)),
            Map.entry(LAYERS, Set.of(API, AUTOGRAD)),
            Map.entry("io.moe4j.model.deepseek", Set.of(API, AUTOGRAD, LAYERS)),
            Map.entry("io.moe4j.model.qwen", Set.of(API, AUTOGRAD, LAYERS)),
            Map.entry("io.moe4j.safetensors", Set.of(API)),
            Map.entry("io.moe4j.chattemplate", Set.of(API)),
            Map.entry("io.moe4j.data", Set.of(API)),
            Map.entry("io.moe4j.source.parquet", Set.of(API)),
            Map.entry("io.moe4j.tokenizer.huggingface", Set.of(API)),
            Map.entry("io.moe4j.metrics.tensorboard", Set.of(API)),
            Map.entry("io.moe4j.metrics.prometheus", Set.of(API)),
            Map.entry("io.moe4j.report", Set.of(API)),
            Map.entry("io.moe4j.profile", Set.of(API)),
            Map.entry("io.moe4j.launch", Set.of(API)));

    /** The modules that put the parts together. */
    private static final Set<String> ROOTS = Set.of("io.moe4j.trainer", "io.moe4j.app",
            "io.moe4j.tests.contract", "io.moe4j.benchmarks");

    private Design() {}

    static Map<String, Set<String>> allowed() {
        Map<String, Set<String>> allowed = new TreeMap<>(PARTS);
        Set<String> all = Stream.concat(PARTS.keySet().stream(), ROOTS.stream())
                .collect(Collectors.toUnmodifiableSet());
        ROOTS.forEach(root -> allowed.put(root, all));
        return allowed;
    }

    static Rule guiceStaysIn(Set<String> homes) {
        return Rules.typesStayIn("only the trainer knows Guice", Set.of("com.google.inject"), homes);
    }

    static Rule cudaBindingsStayIn(Set<String> homes) {
        return Rules.typesStayIn("JCuda and the CUDA bindings stay in the CUDA modules",
                Set.of("jcuda", "org.bytedeco.cuda"), homes);
    }

    static Rule nativeBindingsStayIn(Set<String> homes) {
        return Rules.typesStayIn("JavaCPP types stay in the modules that call native code", Set.of("org.bytedeco"),
                homes);
    }
}
