package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the README shows of {@code ./moe4j train} is what is printed. The run is the README's, with 2 steps of 16 tokens in place of 40 of 128. Equal are all
 * words, the model's size, the memory, and what the last lines propose, which is then run. What depends on the machine, the sources or the
 * clock is masked: the device, losses, rates, times and the date in the folder's name.
 */
class ReadmeTest {
    private static final String COMMAND = "    $ ./moe4j train";
    private static final Pattern FIRST_LOSS = Pattern.compile("step: +1  loss: +([0-9.]+) .*");
    private static final Pattern TOTAL = Pattern.compile("  total +([0-9,]+) +([0-9.]+ [KMG]iB)\\R");

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    @TempDir
    private Path folder;

    @Test
    void theReadmeShowsWhatIsPrinted() throws IOException {
        List<String> sample = sample();
        Path run = folder.resolve("run");
        assertEquals(0, run("train", "--training.steps", "2", "--training.seq_len", "16", "--output", run.toString()),
                err::toString);
        List<String> printed = out.toString().lines().toList();
        assertEquals(sample.stream().filter(line -> !isLaterStep(line)).map(line -> masked(line, "outputs/")).toList(),
                printed.stream().filter(line -> !isLaterStep(line)).map(line -> masked(line, run.toString()))
                        .toList(),
                () -> "the README's sample, and what is printed:\n" + out);
        // The first loss depends on the initial values: on ln 2048 and how far logits spread, by 0.6. Half of a short piece of source code may be one token,
        // a space, so that the mean over its labels spreads by 0.3; three times that, rounded up.
        assertEquals(firstLoss(sample), firstLoss(printed), 1);
        assertEquals("", err.toString());

        List<String> next = printed.subList(printed.size() - 2, printed.size());
        out.getBuffer().setLength(0);
        assertEquals(0, run(words(next.get(0).substring("next".length()), "--max-tokens", "3")), err::toString);
        assertFalse(out.toString().isEmpty(), "the model has continued the text");
        assertEquals(0, run(words(next.get(1))), err::toString);

        out.getBuffer().setLength(0);
        assertEquals(0, run("plan"), err::toString);
        Matcher total = TOTAL.matcher(out.toString());
        assertTrue(total.find(), out::toString);
        assertTrue(sample.stream().anyMatch(line -> line.startsWith("memory    " + total.group(2) + " a rank: ")),
                () -> total.group(2) + " a rank in " + sample);
    }

    private static List<String> sample() throws IOException {
        List<String> sample = Files.readAllLines(ProjectFiles.readme()).stream()
                .dropWhile(line -> !line.equals(COMMAND)).skip(1).takeWhile(line -> line.startsWith("    "))
                .map(line -> line.substring(4)).toList();
        assertFalse(sample.isEmpty(), "the README has a sample of " + COMMAND.strip());
        return sample;
    }

    private static boolean isLaterStep(String line) {
        return line.equals("...") || (line.startsWith("step: ") && !line.startsWith("step:  1 "));
    }

    private static String masked(String line, String parent) {
        String text = line.replaceAll(Pattern.quote(parent) + "[a-z0-9_-]*", "RUN");
        if (text.startsWith("device ")) {
            return "device";
        }
        if (text.startsWith("steps ")) {
            return text.replace("40, each of 1,024 ", "2, each of 128 ");
        }
        if (text.startsWith("next ") || text.startsWith("          ")) {
            return text.replace("RUN*", "RUN");
        }
        return text.startsWith("model ") || text.startsWith("ranks ") ? text
                : text.replaceAll("(optimizer state|gradients|parameters|[a-z ]+) [0-9]+%", "PURPOSE %")
                        .replaceAll("[0-9][0-9.,]*", "#").replaceAll("(TiB|GiB|MiB|KiB|GB|MB)", "BYTES")
                        .replaceAll("# m?s(?![a-z])", "# TIME").replaceAll(" +", " ");
    }

    private static double firstLoss(List<String> lines) {
        return lines.stream().map(FIRST_LOSS::matcher).filter(Matcher::matches).map(line -> line.group(1))
                .mapToDouble(Double::parseDouble).findFirst().orElseThrow();
    }

    /** The arguments of a command of moe4j as a shell reads them: with quotes around words that have spaces. */
    private static String[] words(String command, String... more) {
        List<String> words = new ArrayList<>();
        Matcher word = Pattern.compile("'([^']*)'|(\\S+)").matcher(command);
        while (word.find()) {
            words.add(word.group(1) == null ? word.group(2) : word.group(1));
        }
        assertEquals("./moe4j", words.removeFirst(), command);
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private int run(String... arguments) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    }
}
