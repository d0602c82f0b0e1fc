package io.moe4j.trainer.huggingface;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * The mount points that this process sees, including bind mounts of the same file system, which Java's file store does not distinguish. Known on Linux only.
 *
 * @param paths the decoded paths
 */
record MountPoints(Set<String> paths) {
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    /** The mount point is the fifth word of a line; see proc_pid_mountinfo(5). */
    private static final int PLACE = 4;

    /** The mount points that this process sees; empty where they are not known. */
    static MountPoints now() {
        try {
            // A name is bytes: it need not be valid UTF-8.
            return parse(Files.readString(MOUNTS, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            return new MountPoints(Set.of());
        }
    }

    /** @param text the file, each byte as one character */
    static MountPoints parse(String text) {
        Set<String> paths = new HashSet<>();
        text.lines().map(line -> line.split(" ")).filter(words -> words.length > PLACE)
                .forEach(words -> paths.add(decoded(words[PLACE])));
        return new MountPoints(paths);
    }

    /** Whether something is mounted on this folder. */
    boolean has(Path folder) throws IOException {
        return paths.contains(folder.toRealPath().toString());
    }

    /** Decodes spaces, tabs, line ends and backslashes, which are written as {@code \040} and so on. */
    private static String decoded(String word) {
        StringBuilder bytes = new StringBuilder();
        for (int i = 0; i < word.length(); i++) {
            String code = word.substring(i, Math.min(word.length(), i + 4));
            if (code.matches("\\\\[0-3][0-7]{2}")) {
                bytes.append((char) Integer.parseInt(code.substring(1), 8));
                i += 3;
            } else {
                bytes.append(word.charAt(i));
            }
        }
        return new String(bytes.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
}
