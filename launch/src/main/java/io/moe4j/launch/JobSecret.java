package io.moe4j.launch;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The secret that only the processes of a job know. Each message between them is authenticated with it. Its bytes are never printed.
 *
 * <p>It comes from the first of these sources that exists:
 * <ol>
 * <li>{@code MOE4J_JOB_SECRET}, a text of at least 16 characters;
 * <li>{@code MOE4J_JOB_SECRET_FILE}, a file of mode 600 with such a text;
 * <li>no secret, if the configuration has {@code runtime.allow_no_secret = true};
 * <li>the user's own file, {@code ~/.local/state/moe4j/secret}, which is created with a random secret if it does not exist;
 * <li>no secret, with a warning, if that file cannot be created and the processes meet over loopback.
 * </ol>
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class JobSecret {
    /** The variable that has the secret. */
    public static final String VARIABLE = "MOE4J_JOB_SECRET";
    /** The variable that names a file with the secret. */
    public static final String FILE_VARIABLE = "MOE4J_JOB_SECRET_FILE";
    /** The configuration key that allows a job without a secret. */
    static final String ALLOW_NONE = "runtime.allow_no_secret";

    private static final Logger log = LoggerFactory.getLogger(JobSecret.class);
    private static final int LEAST_CHARACTERS = 16;
    private static final String NONE = "no secret";

    private final byte[] bytes;
    private final Source source;
    private final String description;

    /** The origin of a secret. Processes send each other its number, so that an error can name both origins. */
    enum Source {
        /** There is none. */
        NONE(0, "no secret"),
        /** It was given as a text or in a file. */
        GIVEN(1, "a secret that was given (" + VARIABLE + " or " + FILE_VARIABLE + ")"),
        /** It comes from the user's own file. */
        USER_FILE(2, "the secret in its user's home folder");

        private final int number;
        private final String words;

        Source(int number, String words) {
            this.number = number;
            this.words = words;
        }

        /** What processes send each other; it must never change. */
        int number() {
            return number;
        }

        /** The source with this number; an unknown number comes from a newer version. */
        static String describe(int number) {
            return Arrays.stream(values()).filter(source -> source.number == number).map(source -> source.words)
                    .findFirst().orElse("a secret of unknown origin");
        }
    }

    private JobSecret(byte[] bytes, Source source, String description) {
        this.bytes = bytes;
        this.source = source;
        this.description = description;
    }

    /** No secret: any process that reaches the port can take part. Messages still cannot be repeated or reordered. */
    public static JobSecret none() {
        return new JobSecret(NONE.getBytes(StandardCharsets.UTF_8), Source.NONE, NONE);
    }

    /**
     * A secret that was given.
     *
     * @throws LaunchException if it has fewer than 16 characters
     */
    public static JobSecret of(String text) {
        return given(text, "a secret that was given");
    }

    /**
     * The secret of this process.
     *
     * @param environment such as {@link System#getenv()}
     * @param home the user's home folder
     * @param allowNone whether {@code runtime.allow_no_secret} is set
     * @param master where the processes meet
     * @throws LaunchException if the given secret cannot be used, or if there is none although one is required
     */
    public static JobSecret resolve(Map<String, String> environment, Path home, boolean allowNone, Endpoint master) {
        Variables variables = new Variables(environment);
        Optional<String> text = variables.text(VARIABLE);
        Optional<String> file = variables.text(FILE_VARIABLE);
        if (text.isPresent() && file.isPresent()) {
            throw new LaunchException(List.of(VARIABLE + " and " + FILE_VARIABLE + "=" + file.get()
                    + " are both set: a job has one secret; unset one of them"));
        }
        if (text.isPresent()) {
            return given(text.get(), VARIABLE);
        }
        if (file.isPresent()) {
            return fromFile(Path.of(file.get()));
        }
        if (allowNone) {
            return none();
        }
        Path own = variables.text("XDG_STATE_HOME").map(Path::of).filter(Path::isAbsolute)
                .orElse(home.resolve(".local").resolve("state")).resolve("moe4j").resolve("secret");
        try {
            return new JobSecret(SecretFile.readOrMake(own).getBytes(StandardCharsets.UTF_8), Source.USER_FILE,
                    own.toString());
        } catch (IOException e) {
            return withoutFile(own, e, master);
        }
    }

    private static JobSecret withoutFile(Path own, IOException reason, Endpoint master) {
        if (!master.isLoopback()) {
            throw new LaunchException(List.of("the processes of this job meet at " + master
                    + " and have no secret, so that anyone who reaches that port could take part: " + own
                    + " cannot be made (" + reason.getMessage() + "). Set " + VARIABLE
                    + " to the same random text in all processes (openssl rand -hex 32), or " + FILE_VARIABLE
                    + " to a file of mode 600; or, on a network that you trust, set " + ALLOW_NONE + " = true"));
        }
        log.warn("the processes of this job have no secret: other users of this machine could take part. {} cannot be"
                + " made ({}); set {} to the same random text in all processes", own, reason.getMessage(), VARIABLE);
        return none();
    }

    private static JobSecret fromFile(Path file) {
        try {
            return given(SecretFile.read(file), FILE_VARIABLE + "=" + file);
        } catch (IOException e) {
            throw new LaunchException(List.of(FILE_VARIABLE + "=" + file + " cannot be read (" + e.getMessage()
                    + "); name a file of mode 600 that has a random text, such as openssl rand -hex 32 prints"));
        }
    }

    private static JobSecret given(String text, String description) {
        String stripped = text.strip();
        if (stripped.length() < LEAST_CHARACTERS) {
            throw new LaunchException(List.of(description + " has " + stripped.length()
                    + " characters: a secret that short can be guessed; use at least " + LEAST_CHARACTERS
                    + ", such as openssl rand -hex 32 prints"));
        }
        return new JobSecret(stripped.getBytes(StandardCharsets.UTF_8), Source.GIVEN, description);
    }

    /** The key material. */
    byte[] bytes() {
        return bytes.clone();
    }

    Source source() {
        return source;
    }

    /** The origin, never the secret itself. */
    @Override
    public String toString() {
        return description;
    }
}
