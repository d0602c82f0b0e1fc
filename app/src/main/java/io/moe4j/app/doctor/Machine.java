package io.moe4j.app.doctor;

import io.moe4j.api.Stability;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The places in which programs and libraries are searched. A search opens no device and loads no library.
 *
 * @param root the root of the file system
 * @param environment environment variables
 */
@Stability(Stability.Level.INTERNAL)
public record Machine(Path root, Map<String, String> environment) {
    private static final List<String> LIBRARY_FOLDERS = List.of("usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib",
            "lib/x86_64-linux-gnu", "usr/local/lib", "usr/local/cuda/lib64", "usr/local/cuda/targets/x86_64-linux/lib",
            "usr/local/nvidia/lib64");

    /** This machine. */
    public static Machine here() {
        return new Machine(Path.of("/"), System.getenv());
    }

    /** Finds a program on the PATH, or where CUDA is installed by default. */
    Optional<Path> program(String name) {
        Stream<Path> toolkit = Stream.concat(variable("CUDA_HOME"), variable("CUDA_PATH"))
                .map(home -> home.resolve("bin"));
        Stream<Path> folders = Stream.of(variable("PATH"), toolkit, Stream.of(root.resolve("usr/local/cuda/bin")))
                .flatMap(each -> each);
        return folders.map(folder -> folder.resolve(name)).filter(Files::isExecutable).findFirst();
    }

    /** Finds a shared library where the loader would find it. */
    Optional<Path> library(String name) {
        return Stream.concat(variable("LD_LIBRARY_PATH"), LIBRARY_FOLDERS.stream().map(root::resolve))
                .map(folder -> folder.resolve(name))
                .filter(Files::exists).findFirst();
    }

    /** Names of the NVIDIA GPUs that the driver of this system sees. */
    List<String> gpus() {
        Path folder = root.resolve("proc/driver/nvidia/gpus");
        try (Stream<Path> found = Files.isDirectory(folder) ? Files.list(folder) : Stream.empty()) {
            return found.sorted().map(gpu -> line(gpu.resolve("information"), "Model:")).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** The bytes in a line of {@code /proc/meminfo}, such as {@code MemAvailable}; 0 if there is no such line. */
    long memoryBytes(String name) {
        String kilobytes = line(root.resolve("proc/meminfo"), name + ":").replaceAll("\\D", "");
        return kilobytes.isEmpty() ? 0 : Long.parseLong(kilobytes) << 10;
    }

    private static String line(Path file, String start) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(start)).findFirst()
                    .map(line -> line.substring(start.length()).strip())
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    private Stream<Path> variable(String name) {
        return Stream.of(environment.getOrDefault(name, "").split(File.pathSeparator)).filter(part -> !part.isBlank())
                .map(Path::of);
    }
}
