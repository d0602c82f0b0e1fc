package io.moe4j.trainer.agreement;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ResolvedModule;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipFile;

/**
 * Distinguishes builds by the content of their jars. Times and order of entries, and the metadata that a build writes into {@code META-INF}, are ignored: two
 * machines that build the same sources with the same compiler get the same digest.
 */
final class BuildDigest {
    private static final String OURS = "io.moe4j";

    private BuildDigest() {}

    /** Digests of all modules of this project that run here, by name. */
    static Map<String, String> ofModules() {
        Map<String, String> digests = new TreeMap<>();
        for (ResolvedModule module : ModuleLayer.boot().configuration().modules()) {
            if (module.name().startsWith(OURS)) {
                module.reference().location().ifPresent(location -> digests.put(module.name(), of(location)));
            }
        }
        // On the class path there are no named modules.
        return digests.isEmpty() ? Map.of(OURS, of(BuildDigest.class)) : digests;
    }

    /** The digest of the jar or folder of a class. */
    static String of(Class<?> type) {
        Module module = type.getModule();
        Optional<URI> location = module.getLayer() == null ? codeSource(type)
                : module.getLayer().configuration().findModule(module.getName()).map(ResolvedModule::reference)
                        .flatMap(reference -> reference.location());
        return location.map(BuildDigest::of).orElse("unknown");
    }

    /** The digest of texts, in order. */
    static String of(List<String> texts) {
        MessageDigest digest = Sha256.begin();
        for (String text : texts) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
            digest.update(bytes);
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 8);
    }

    /** The digest of a jar, or of a folder of classes. */
    static String of(URI location) {
        if (!"file".equals(location.getScheme())) {
            return location.toString();
        }
        Path path = Path.of(location);
        try {
            return of((Files.isDirectory(path) ? folder(path) : jar(path)).entrySet().stream()
                    .map(entry -> entry.getKey() + " " + entry.getValue()).toList());
        } catch (IOException | UncheckedIOException e) {
            throw new InputException(path + " cannot be read (" + Shown.fileProblem(e)
                    + "), so that its build cannot be compared with that of other ranks; allow this user to read it",
                    e);
        }
    }

    private static Map<String, Long> jar(Path jar) throws IOException {
        Map<String, Long> sums = new TreeMap<>();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            zip.stream().filter(entry -> counts(entry.getName()) && !entry.isDirectory())
                    .forEach(entry -> sums.put(entry.getName(), entry.getCrc()));
        }
        return sums;
    }

    private static Map<String, Long> folder(Path folder) throws IOException {
        Map<String, Long> sums = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = folder.relativize(file).toString();
                if (counts(name)) {
                    CRC32 sum = new CRC32();
                    sum.update(Files.readAllBytes(file));
                    sums.put(name, sum.getValue());
                }
            }
        }
        return sums;
    }

    private static boolean counts(String name) {
        return !name.equals("META-INF/MANIFEST.MF") && !name.startsWith("META-INF/maven/");
    }

    private static Optional<URI> codeSource(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        try {
            return source == null || source.getLocation() == null ? Optional.empty()
                    : Optional.of(source.getLocation().toURI());
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }
}
