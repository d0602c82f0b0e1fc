package io.moe4j.app.supervise;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The command of a JVM like this one: the same program, modules and options, with a share of this machine's processors and memory.
 *
 * @param processors how many processors the new JVM may use ({@code -XX:ActiveProcessorCount})
 * @param heapMegabytes limit of its heap; 0 for the JVM's default
 */
public record JvmCommand(int processors, long heapMegabytes) {
    private static final String PROCESSORS = "-XX:ActiveProcessorCount=";
    private static final long LEAST_HEAP_MEGABYTES = 512;

    /** The command for each of {@code processes} processes, which share this machine equally. Limits in this JVM's own options are kept. */
    public static JvmCommand share(int processes) {
        Runtime runtime = Runtime.getRuntime();
        // By default, a JVM takes up to a quarter of the memory for its heap. All heaps together get at most half of it.
        long heap = 2 * (runtime.maxMemory() >> 20) / processes;
        int processors = runtime.availableProcessors();
        return new JvmCommand(hasProcessorLimit(options()) ? processors : Math.max(1, processors / processes),
                processes <= 2 || hasHeapLimit(options()) ? 0 : Math.max(LEAST_HEAP_MEGABYTES, heap));
    }

    /**
     * The command that runs {@code main} of this module, or of this class path.
     *
     * @param more options of the JVM
     * @param arguments of the program
     */
    public List<String> of(Class<?> main, List<String> more, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options());
        if (!hasProcessorLimit(options())) {
            command.add(PROCESSORS + processors);
        }
        if (heapMegabytes > 0) {
            command.add("-Xmx" + heapMegabytes + "m");
        }
        command.addAll(more);
        String classPath = System.getProperty("java.class.path", "");
        if (!classPath.isEmpty()) {
            command.addAll(List.of("--class-path", classPath));
        }
        Module module = main.getModule();
        command.addAll(module.isNamed() ? List.of("--module", module.getName() + "/" + main.getName())
                : List.of(main.getName()));
        command.addAll(arguments);
        return command;
    }

    /** The options that this JVM was started with, without those that cannot be given to two JVMs, such as a debugger's port. */
    private static List<String> options() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !option.startsWith("-agentlib:jdwp") && !option.startsWith("-Xrunjdwp")
                        && !option.startsWith("-Dmoe4j.stderr=")
                        && !option.startsWith("-Dcom.sun.management.jmxremote.port"))
                .toList();
    }

    private static boolean hasProcessorLimit(List<String> options) {
        return options.stream().anyMatch(option -> option.startsWith(PROCESSORS));
    }

    private static boolean hasHeapLimit(List<String> options) {
        return options.stream().anyMatch(option -> option.startsWith("-Xmx") || option.startsWith("-XX:MaxHeapSize")
                || option.startsWith("-XX:MaxRAM"));
    }
}
