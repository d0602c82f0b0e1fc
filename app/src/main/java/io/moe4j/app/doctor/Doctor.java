package io.moe4j.app.doctor;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.spi.Asking.Answers;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Registry.LeftOut;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** Checks what a machine has, and which features lack a requirement. */
@Stability(Stability.Level.INTERNAL)
public final class Doctor {
    private static final int FEATURE = 25;
    private static final long WANTED_MEMORY = 2L << 30;
    private static final long WANTED_DISK = 1L << 30;
    private static final String JDK = "JDK";
    private static final String DEVICE = "device ";
    private static final String GPU = "training on an NVIDIA GPU";

    private final Machine machine;
    private final Registry registry;
    private final Path outputs;

    /**
     * For this machine and these plug-ins.
     *
     * @param outputs the folder to which runs write
     */
    public Doctor(Machine machine, Registry registry, Path outputs) {
        this.machine = machine;
        this.registry = registry;
        this.outputs = outputs;
    }

    /** All findings; those on which others depend come first. */
    public List<Finding> findings() {
        List<Finding> findings = new ArrayList<>(
                List.of(java(), cores(), memory(), disk(), CpuCheck.run(registry), driver()));
        findings.add(program());
        findings.add(library("cuBLASLt", "libcublasLt.so.13", GPU,
                "install CUDA 13, or put its lib64 folder on LD_LIBRARY_PATH"));
        findings.add(library("cuDNN", "libcudnn.so.9", GPU, "install cuDNN 9, or put its folder on LD_LIBRARY_PATH"));
        findings.add(library("NCCL", "libnccl.so.2", "collectives between GPUs through NCCL",
                "install NCCL 2; ranks of one machine need only peer-memory collectives"));
        registry.all(DeviceProvider.class).stream().filter(provider -> !provider.id().equals("cpu")).map(Doctor::device)
                .forEach(findings::add);
        if (registry.spis().containsKey(GraphCaptureProvider.class)) {
            Asking.able(registry.all(GraphCaptureProvider.class), "probe",
                    capture -> capture.probe() instanceof Availability.Available).stream().map(Doctor::loops)
                    .forEach(findings::add);
        }
        registry.entries().stream().filter(LeftOut.class::isInstance).map(LeftOut.class::cast)
                .map(entry -> Finding.optional("plug-in", entry.toString(), "what it offers", "see the reason"))
                .forEach(findings::add);
        return findings;
    }

    /** The devices on which training works. Each is judged independently: a CPU device without its BLAS does not exclude a GPU. */
    public static List<String> workingDevices(List<Finding> findings) {
        if (findings.stream().anyMatch(finding -> finding.name().equals(JDK) && finding.state() != Finding.State.OK)) {
            return List.of();
        }
        return findings.stream().filter(finding -> finding.state() == Finding.State.OK)
                .flatMap(finding -> deviceOf(finding).stream()).toList();
    }

    /** All devices that were checked. */
    public static List<String> devices(List<Finding> findings) {
        return findings.stream().flatMap(finding -> deviceOf(finding).stream()).toList();
    }

    private static Optional<String> deviceOf(Finding finding) {
        if (finding.name().equals(CpuCheck.NAME)) {
            return Optional.of("cpu");
        }
        return finding.name().startsWith(DEVICE) ? Optional.of(finding.name().substring(DEVICE.length()))
                : Optional.empty();
    }

    private static Finding java() {
        Runtime.Version version = Runtime.version();
        String detail = version + " in " + System.getProperty("java.home");
        return version.feature() >= FEATURE ? Finding.ok(JDK, detail, "everything")
                : Finding.missing(JDK, detail, "everything",
                        "install a JDK " + FEATURE + ", or set MOE4J_JAVA_HOME to one");
    }

    private static Finding cores() {
        return Finding.ok("cores", Runtime.getRuntime().availableProcessors() + ", " + System.getProperty("os.arch"),
                "training on the CPU");
    }

    private Finding memory() {
        long all = machine.memoryBytes("MemTotal");
        long free = machine.memoryBytes("MemAvailable");
        String detail = gib(all) + ", of which " + gib(free) + " are free";
        return all == 0 || free >= WANTED_MEMORY
                ? Finding.ok("memory", all == 0 ? "unknown" : detail, "training on the CPU")
                : Finding.optional("memory", detail, "the default run, which takes about " + gib(WANTED_MEMORY),
                        "end other programs, or train with fewer tokens (training.seq_len)");
    }

    private Finding disk() {
        try {
            long free = Files.getFileStore(outputs.toAbsolutePath()).getUsableSpace();
            String detail = gib(free) + " are free in " + outputs.toAbsolutePath();
            return free >= WANTED_DISK ? Finding.ok("disk", detail, "metrics and checkpoints")
                    : Finding.optional("disk", detail, "checkpoints",
                            "free some space, or write elsewhere with --output");
        } catch (IOException e) {
            return Finding.optional("disk", outputs.toAbsolutePath() + " cannot be looked at: " + e,
                    "metrics and checkpoints",
                    "start in a folder that can be written, or give --output");
        }
    }

    private Finding driver() {
        Optional<Path> library = machine.library("libcuda.so.1");
        List<String> gpus = machine.gpus();
        if (library.isPresent() && !gpus.isEmpty()) {
            return Finding.ok("NVIDIA driver", library.get() + "; " + String.join(", ", gpus), GPU);
        }
        return Finding.optional("NVIDIA driver",
                library.map(path -> path + ", but no GPU is listed").orElse("libcuda.so.1 is not found"), GPU,
                "install an NVIDIA driver (580 or later) on a machine with a GPU, or use device = \"cpu\"");
    }

    private Finding program() {
        return machine.program("nvcc").map(path -> Finding.ok("nvcc", path.toString(), "building the CUDA kernels"))
                .orElseGet(() -> Finding.optional("nvcc", "nvcc is not found", "building the CUDA kernels",
                        "install CUDA 13 and put its bin folder on the PATH, then build again"));
    }

    private Finding library(String name, String file, String neededFor, String remedy) {
        return machine.library(file).map(path -> Finding.ok(name, path.toString(), neededFor))
                .orElseGet(() -> Finding.optional(name, file + " is not found", neededFor, remedy));
    }

    /** The answer of a plug-in's probe; a plug-in that throws does not end the other checks. */
    private static <P extends Provider> Availability probed(P provider, String method,
            Function<P, Availability> question) {
        Answers<P, Availability> answers = Asking.all(List.of(provider), method, question);
        return answers.given().values().stream().findFirst().orElseGet(() -> Availability
                .unavailable(String.join("; ", answers.failures()), "report this to the author of the plug-in"));
    }

    private static Finding device(DeviceProvider provider) {
        String name = DEVICE + provider.id();
        return switch (probed(provider, "probe", Provider::probe)) {
            case Availability.Available available -> Finding.ok(name, "can be opened",
                    "device = \"" + provider.id() + "\"");
            case Availability.Unavailable(String reason, String remedy) -> Finding.optional(name, reason,
                    "device = \"" + provider.id() + "\"", remedy);
        };
    }

    private static Finding loops(GraphCaptureProvider capture) {
        String name = "graphs of " + capture.id();
        String neededFor = "captured steps that make no more rounds of an exchange than they need";
        return switch (probed(capture, "repeats", GraphCaptureProvider::repeats)) {
            case Availability.Available available -> Finding.ok(name, "repeat work as often as the device says",
                    neededFor);
            case Availability.Unavailable(String reason, String remedy) -> Finding.optional(name, reason, neededFor,
                    remedy);
        };
    }

    private static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
    }
}
