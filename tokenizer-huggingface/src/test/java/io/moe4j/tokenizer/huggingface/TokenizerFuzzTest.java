package io.moe4j.tokenizer.huggingface;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerSource;
import io.moe4j.tests.contract.Thoroughness;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged tokenizer.json files are refused, or give ids that are in the vocabulary. They are opened in a JVM of their own: the native library ends the
 * process at an error that it did not foresee, and this must be seen as a failure and not as tests that were not run.
 */
class TokenizerFuzzTest {
    private static final long SEED = 20261129;
    private static final List<String> NAMES = List.of("byte_bpe", "nfc_bpe", "unigram");
    private static final List<String> VALUES = List.of("null", "-1", "99999999999", "\"\"", "[]", "{}", "true", "1e400",
            "\"\\ud800\"", "0",
            "[[\"a\",\"b\"]]");
    private static final List<String> WORDS = List.of("\"BPE\"", "\"Isolated\"", "\"NFC\"", "\"ByteLevel\"",
            "\"Split\"", "\"Sequence\"",
            "\"Metaspace\"", "\"Unigram\"", "true", "false");

    @TempDir
    private Path folder;

    @Test
    void damagedFilesAreRefusedOrGiveIds() throws Exception {
        Path log = folder.resolve("log");
        int cases = Thoroughness.of(100, 250);
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
                        "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED", "-cp",
                        System.getProperty("java.class.path"), TokenizerFuzzTest.class.getName(), folder.toString(),
                        String.valueOf(cases)));
        for (String name : NAMES) {
            command.add(Texts.tokenizer(name).toString());
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "it ends");
        String said = Files.readString(log, StandardCharsets.UTF_8);
        assertEquals(0, process.exitValue(), () -> "seed " + SEED + ", the last file is in " + folder + ": " + said);
        assertEquals(NAMES.size(), said.split(cases + " files", -1).length - 1, said);
    }

    @Test
    void whatIsHugeOrDeepIsRefused() throws IOException {
        for (String json : List.of("[".repeat(100_000), "{\"a\":".repeat(50_000),
                "{\"model\":{\"vocab\":{\"a\":16777216}}}",
                "{\"model\":{\"vocab\":" + "[".repeat(2_000) + "]".repeat(2_000) + "}}")) {
            Path file = Files.writeString(folder.resolve("tokenizer.json"), json);
            assertEquals("refused", outcome(file), json.substring(0, 30));
        }
        Path sparse = folder.resolve("tokenizer.json");
        try (var channel = Files.newByteChannel(sparse, StandardOpenOption.WRITE)) {
            channel.position(300L << 20).write(ByteBuffer.wrap(new byte[1]));
        }
        assertEquals("refused", outcome(sparse), "a file of 300 MiB");
    }

    /** In the other JVM: a folder for the damaged files, how many of each, and the tokenizers. */
    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0], "damaged.json");
        int cases = Integer.parseInt(arguments[1]);
        for (String name : List.of(arguments).subList(2, arguments.length)) {
            byte[] whole = Files.readAllBytes(Path.of(name));
            Random random = new Random(SEED);
            List<String> outcomes = new ArrayList<>();
            for (int i = 0; i < cases; i++) {
                byte[] bytes = whole;
                for (int change = random.nextInt(3); change >= 0; change--) {
                    bytes = damaged(bytes, random);
                }
                Files.write(file, bytes);
                outcomes.add(outcome(file));
            }
            System.out.println(cases + " files of " + name + ", refused: "
                    + outcomes.stream().filter("refused"::equals).count());
        }
    }

    private static String outcome(Path file) throws IOException {
        try (Tokenizer tokenizer = new HuggingFaceTokenizerProvider()
                .open(TokenizerSource.of(file).withEndToken(Optional.empty()))) {
            Tokenizer.Decoder decoder = tokenizer.decoder().orElseThrow();
            for (int id : Texts.ids(tokenizer, "Hello w\u00F6rld 123 <|endoftext|> \n\n \uD83D\uDE00 \u0001 x")) {
                if (id < 0 || id >= tokenizer.vocabulary()) {
                    throw new IllegalStateException("the id " + id + " of " + tokenizer.vocabulary());
                }
                decoder.next(id);
            }
            return "ids";
        } catch (InputException e) {
            if (!String.valueOf(e.getMessage()).contains(String.valueOf(file.getFileName()))) {
                throw new IllegalStateException("the error does not name the file", e);
            }
            return "refused";
        }
    }

    private static byte[] damaged(byte[] bytes, Random random) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int at = random.nextInt(bytes.length);
        return switch (random.nextInt(5)) {
            case 0 -> {
                byte[] flipped = bytes.clone();
                flipped[at] ^= (byte) (1 << random.nextInt(8));
                yield flipped;
            }
            case 1 -> Arrays.copyOf(bytes, at + 1);
            case 2 -> bytes(text.substring(0, at) + pick(VALUES, random) + text.substring(at));
            case 3 -> {
                String from = pick(WORDS, random);
                int found = text.indexOf(from, at);
                yield found < 0 ? bytes
                        : bytes(text.substring(0, found) + pick(WORDS, random) + text.substring(found + from.length()));
            }
            default -> {
                int colon = text.indexOf(':', at);
                int comma = colon < 0 ? -1 : text.indexOf(',', colon);
                yield comma < 0 ? bytes
                        : bytes(text.substring(0, colon + 1) + pick(VALUES, random) + text.substring(comma));
            }
        };
    }

    private static String pick(List<String> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
