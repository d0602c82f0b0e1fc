package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.launcher.ProjectFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a shell sees: exit codes, and one report instead of a stack trace. */
class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @ValueSource(strings = {"", "train ", "parity ", "plan ", "plugins ", "doctor ", "bench ", "bench step ",
            "bench moe ", "bench exchange ", "bench swiglu ", "bench grouped-mm ", "bench attention ", "bench rounds ",
            "bench checkpoint ", "launch ", "verify ", "export ", "eval ", "tokenize ", "report ", "generate ",
            "config "})
    void everyCommandHasHelp(String command) {
        assertEquals(0, run(command + "--help"), err.toString());
        assertTrue(out.toString().startsWith("Usage: moe4j " + command), out.toString());
        assertEquals("", err.toString());
        assertEquals(List.of(), namesCutAtADot(out.toString()));
    }

    @Test
    void aNameThatIsCutAtADotIsSeen() {
        assertEquals(List.of("config.\n  json"), namesCutAtADot("Writes config.\n  json, and\nends.\n  -h, --help\n"));
    }

    /**
     * Names, such as those of files, that a line break cuts after a dot, so that they cannot be copied. In a list of commands, two spaces follow the name of
     * a command: such a line begins with no part of a name.
     */
    private static List<String> namesCutAtADot(String text) {
        return Pattern.compile("\\S*[a-z]\\.\\R *[a-z][a-z-]*+(?!  )").matcher(text).results().map(MatchResult::group)
                .toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            value = {"trian | there is no command trian; the nearest is train",
                    "gnerate x | the nearest is generate", "zzz | there are train, ",
                    "generate not/there | not/there does not exist", "report not/there | is not there",
                    "train --training.stepz 3 | the nearest is training.steps",
                    "train here | unexpected: here; values follow a key, as in --training.steps 10",
                    "train mine.toml | unexpected: mine.toml; a configuration is named with --config mine.toml",
                    "plan qwen3_moe_debugmodel_minimal_async_ep | is named with --config qwen3_moe_debugmodel_minimal",
                    "train training.steps=3 | two dashes come before a key: --training.steps=3",
                    "train ranks 2 | two dashes come before a key: --ranks VALUE",
                    "generate a --promt x | there is no option --promt; the nearest is --prompt",
                    "generate a --temp=1 | there is no option --temp; the nearest is --temperature",
                    "doctor --colour | there is no option --colour",
                    "tokenize --thread 2 a | there is no option --thread; the nearest is --threads",
                    "train --ouput a --training.steps 3 | there is no option --ouput; the nearest is --output",
                    "train --steps 3 | the nearest is training.steps",
                    "train --rank 3 | give both or none. How many ranks a run has is --ranks",
                    "verify a b | unexpected: b; besides options, verify takes CHECKPOINT",
                    "doctor here | unexpected: here; besides options, doctor takes nothing",
                    "verify not/there | not/there does not exist",
                    "plan --model.from Qwen/Qwen3-30B-A3B | Qwen3-30B-A3B/config.json does not exist; give the folder",
                    "plan --model.from Qwen/Qwen3-30B-A3B | hub is downloaded first, for example with hf download",
                    "generate Qwen/Qwen3-30B-A3B --prompt x | hub is downloaded first, for example with hf download",
                    "generate https://example.org/model --prompt x | is downloaded first, for example with hf download",
                    "eval a --data not/there | --data not/there does not exist",
                    "tokenize --data.path docs | one OUTPUT-FOLDER is needed, and none was given",
                    "tokenize a b | and these were given: a, b",
                    "launch --nproc two train | --nproc two: it must be a whole number",
                    "export a b --max-shard-size 5XB | is no size of at least 1 byte",
                    "generate a --temperature warm | --temperature warm: it must be a number",
                    "generate a --temperature 300 | error: --temperature 300.0: it must be from 0",
                    "generate a --prompt-ids x | error: --prompt-ids \"x\"",
                    "tokenize a --threads 5000 | and --threads at most 1024",
                    "train --config | Missing required parameter",
                    "bench | bench needs one of", "bench step --iterations 0 | --iterations 0",
                    "train --output /dev/null/run | give an --output", "train --output /dev/null | is a file",
                    "parity | takes one golden file", "parity no.safetensors | does not exist",
                    "plan --model.flavor 3B | it has debugmodel", "train --data.path not/there | does not exist"})
    void badInputIsToldOnce(String arguments, String expected) {
        assertEquals(2, run(arguments));
        assertTrue(err.toString().contains(expected), err.toString());
        assertFalse(err.toString().contains("\tat "), err.toString());
        assertEquals("", out.toString());
    }

    /** A variable of the shell that is not set gives an empty word: nothing is read or written in the current folder. */
    @ParameterizedTest
    @ValueSource(strings = {"train --output ''", "verify ''", "export '' a", "export a ''", "generate ''",
            "report a --output ''", "launch --nproc 2 --log-dir '' train", "launch --nproc 2 train --output ''",
            "eval a --data ''", "eval '' --data a", "tokenize ''", "parity ''"})
    void anEmptyPathIsRefused(String arguments) {
        String[] words = Stream.of(arguments.split(" ")).map(word -> word.replace("''", "")).toArray(String[]::new);
        assertEquals(2, Main.run(new PrintWriter(out, true), new PrintWriter(err, true), words), out.toString());
        assertTrue(err.toString().contains("\"\" is no path; write . for the current folder"), err.toString());
    }

    /** As with {@code outputs}, which is often given instead of a run in it. */
    @ParameterizedTest
    @ValueSource(strings = {"verify", "generate --prompt x", "train --checkpoint.enable --checkpoint.resume"})
    void aFolderOfRunsIsAnsweredWithOneOfThem(String command, @TempDir Path folder) throws IOException {
        Path checkpoint = Files.createDirectories(folder.resolve("mine/checkpoints/step-000000001"));
        Files.createFile(checkpoint.resolve("manifest.jsonl"));
        assertEquals(2, run(command + " " + folder), out.toString());
        assertTrue(err.toString().contains(folder + " is no run, and has some; ")
                && err.toString().contains("one of them, such as " + folder.resolve("mine")), err.toString());
    }

    /** As with {@code models}, or with a folder of Hugging Face's cache. */
    @ParameterizedTest
    @ValueSource(strings = {"base", "snapshots/0a1b2c"})
    void aFolderOfModelsIsAnsweredWithOneOfThem(String model, @TempDir Path models) throws IOException {
        Files.writeString(Files.createDirectories(models.resolve(model)).resolve("config.json"), "{}");
        assertEquals(2, run("plan --model.from " + models), out.toString());
        assertTrue(
                err.toString().contains(" is no model, and has some: there is no config.json in it; name one of them, "
                        + "such as " + models.resolve(model)),
                err.toString());
        assertEquals(2, run("generate --max-tokens 1 " + models + " --prompt x"), out.toString());
        assertTrue(err.toString().contains(" is no model, and has some; name one of them, such as "), err.toString());
    }

    /** A loss over bytes says nothing about a model that reads tokens, whose tokenizer was not copied. */
    @ParameterizedTest
    @CsvSource({"'', true", "' --data.tokenizer bytes', false"})
    void readingBytesForWantOfATokenizerIsTold(String more, boolean told, @TempDir Path folder) throws IOException {
        Path texts = Files.writeString(folder.resolve("a.txt"), "some text ".repeat(20));
        assertEquals(0, run("eval " + ProjectFiles.tinyModel() + " --data " + texts + " --training.seq_len 16" + more),
                err.toString());
        assertEquals(told, err.toString().contains(" has no tokenizer, so that text is read as bytes."),
                err.toString());
    }

    /** A model's weights are easily taken for a golden file. */
    @Test
    void weightsAreNoGoldenFile() {
        assertEquals(2, run("parity " + ProjectFiles.tinyModel() + "/model.safetensors"), out.toString());
        assertTrue(err.toString().contains("it is no golden file, because it lacks input_ids, labels, logits, loss, ")
                && err.toString().contains("; give one, such as those in tests/parity/src/test/resources"),
                err.toString());
    }

    @Test
    void withoutACommandTheCommandsAreListed() {
        assertEquals(2, Main.run(new PrintWriter(out, true), new PrintWriter(err, true)));
        assertTrue(err.toString().startsWith("Usage: moe4j ") && err.toString().contains("  train "), err.toString());
    }

    @Test
    void tokenizingNothingIsNotCalledDone(@TempDir Path folder) throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.jsonl"));
        assertEquals(0, run("tokenize --data.tokenizer bytes --data.path " + empty + " " + folder.resolve("out")),
                err.toString());
        assertTrue(
                out.toString().contains("0 tokens of 0 documents") && out.toString().contains("; no document has text"),
                out.toString());
    }

    @Test
    void moreThreadsThanCanBeStartedAreRefused() {
        assertEquals(2, run("tokenize --threads 100000 --data.path texts out"));
        assertTrue(err.toString().contains("--threads 100000") && err.toString().contains("at most 1024"),
                err.toString());
    }

    @Test
    void debugShowsWhereItCameFrom() {
        assertEquals(2, run("train --training.steps 0 --debug"));
        assertTrue(err.toString().contains("\tat "), err.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"plan --json", "plugins", "plan --help", "--version"})
    void outputThatCannotBeWrittenIsAFailure(String arguments) {
        Writer full = new Writer() {
            @Override
            public void write(char[] text, int offset, int length) throws IOException {
                throw new IOException("No space left on device");
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        assertEquals(1, Main.run(new PrintWriter(full, true), new PrintWriter(err, true), arguments.split(" ")));
        assertTrue(err.toString().contains("the output could not be written in full"), err.toString());
    }

    private int run(String arguments) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments.split(" "));
    }
}
