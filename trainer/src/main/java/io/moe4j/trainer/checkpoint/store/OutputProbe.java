package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.security.SecureRandom;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/**
 * Checks at start that all processes have the same output folder: the first rank's process writes a file with random content, and the others look for it.
 *
 * @param content the content of the file
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record OutputProbe(String content) {
    private static final int BYTES = 16;
    private static final String NAME = ".shared-by-all-ranks-";

    /** A probe with content that no other run has. */
    public static OutputProbe random() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return new OutputProbe(HexFormat.of().formatHex(bytes));
    }

    /** Writes the file. */
    public void write(Path output) throws IOException {
        Files.writeString(file(output), content, StandardCharsets.US_ASCII, StandardOpenOption.CREATE_NEW);
    }

    /** Whether the file exists with this content; waits some seconds for it. */
    public boolean isSeenIn(Path output, Duration patience) throws IOException {
        return SharedFolder
                .await(() -> Files.isRegularFile(file(output)) && Files.readString(file(output)).equals(content)
                        ? Optional.empty() : Optional.of("the probe"), patience)
                .isEmpty();
    }

    /** Removes the file. */
    public void remove(Path output) throws IOException {
        Files.deleteIfExists(file(output));
    }

    private Path file(Path output) {
        return output.resolve(NAME + content);
    }
}
