package io.moe4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportTest {
    /** The name of a namespace, which nothing loads. */
    private static final String SVG = "http://www.w3.org/2000/svg";
    private static final String BEGIN = "<script type=\"application/json\" id=\"data\">";
    private static final long MOST_BYTES = 3_000_000;

    @TempDir
    private Path folder;

    @Test
    void nothingIsLoadedFromElsewhere() throws IOException {
        String page = Report.of(List.of(small("a"), small("b"))).html().replace(SVG, "");
        assertFalse(Pattern
                .compile("https?:|//[a-z]+\\.|@import|url\\(|\\ssrc=|fetch\\(|XMLHttpRequest|WebSocket|sendBeacon")
                .matcher(page).find(), "the page names something outside of itself");
        assertTrue(page.contains("default-src 'none'"), "the page forbids the browser to load anything");
    }

    @Test
    void namesAndValuesCannotEndTheScript() throws IOException {
        String page = Report.of(List.of(small("run <!--<script><b>&amp;"))).html();
        assertEquals(2, count(page, "</script>"), "only the elements of the page itself");
        assertFalse(page.contains("<b>"), "names are shown as text");
        JsonNode run = data(page).get("runs").get(0);
        assertEquals("run <!--<script><b>&amp;", run.get("name").asString());
        assertEquals("data/</script><script>alert(1)</script><!--", run.get("config").get("data.path").asString());
        assertTrue(page.contains("<title>run &lt;!--&lt;script&gt;&lt;b&gt;&amp;amp; – moe4j</title>"));
    }

    /** Of 10,000 steps a page has a tenth of the points, and the largest value of each ten. */
    @Test
    void aLongRunIsSmallAndKeepsItsPeaks() throws IOException {
        Path run = RunFolderFixture.make(folder.resolve("long"), 10_000, 1, 4);
        Path file = folder.resolve("report.html");
        Report.of(List.of(run)).write(file);
        assertTrue(Files.size(file) < MOST_BYTES, () -> file + " is large");
        JsonNode metrics = data(Files.readString(file)).get("runs").get(0).get("metrics");
        JsonNode loss = metrics.get("series").get("loss");
        assertEquals(1000, loss.get("mean").size());
        assertEquals(10, metrics.get("piece").asInt());
        int piece = (RunFolderFixture.PEAK_STEP - 1) / 10;
        assertEquals(RunFolderFixture.PEAK, loss.get("max").get(piece).asDouble());
        assertTrue(loss.get("mean").get(piece).asDouble() < 20);
        assertEquals(40, metrics.get("x").get("step").get(piece).asInt());
        assertEquals(10_000, metrics.get("summary").get("last_step").asInt());
    }

    /** The size of the largest model of the house: 58 layers of 256 experts. */
    @Test
    void theMapOfExpertsStaysSmall() throws IOException {
        Path run = RunFolderFixture.make(folder.resolve("wide"), 48, 58, 256);
        String page = Report.of(List.of(run)).html();
        assertTrue(page.length() < MOST_BYTES, () -> page.length() + " characters");
        JsonNode experts = data(page).get("runs").get(0).get("experts");
        assertEquals(58, experts.get("layers").size());
        assertEquals(48, experts.get("last_step").get(experts.get("last_step").size() - 1).asInt());
    }

    @Test
    void aCellIsTheLoadOverTheMean() throws IOException {
        JsonNode experts = data(Report.of(List.of(small("a"))).html()).get("runs").get(0).get("experts");
        byte[] cells = Base64.getDecoder().decode(experts.get("cells").asString());
        int columns = experts.get("first_step").size();
        assertEquals(2 * 4 * columns, cells.length);
        // Expert 0 has 12 tokens, the others 11, 12 and 13: the mean is 12.
        double even = Math.expm1((cells[0] & 0xFF) / 255.0 * Math.log1p(4));
        assertEquals(1, even, 0.01);
        assertEquals(11 / 12.0, Math.expm1((cells[columns] & 0xFF) / 255.0 * Math.log1p(4)), 0.01);
    }

    @Test
    void damagedLinesAreToldAndAnUnfinishedLastOneIsNot() throws IOException {
        Path run = small("a");
        Path metrics = run.resolve("metrics.jsonl");
        Files.writeString(metrics, "{\"step\":\nnonsense\n[]\n" + Files.readString(metrics) + "{\"step\":41,\"lo");
        Files.writeString(run.resolve("run.json"), "{");
        Files.writeString(run.resolve("config.toml"), "= =");
        Files.writeString(run.resolve("layers.jsonl"), "{\"step\":1,\"layers\":[]}\n{\"step\":2}\n");
        JsonNode read = data(Report.of(List.of(run)).html()).get("runs").get(0);
        assertEquals(List.of("3 lines of metrics.jsonl are damaged and left out", "config.toml cannot be read",
                "run.json cannot be read"), read.get("notes").valueStream().map(JsonNode::asString).toList());
        assertEquals(40, read.get("metrics").get("steps").asInt());
        assertFalse(read.has("experts"));
    }

    /** As after a full disk: lines wait for room, and are lost if the process is killed before there is some. */
    @Test
    void stepsThatAreMissingAreTold() throws IOException {
        Path run = small("a");
        Path metrics = run.resolve("metrics.jsonl");
        Files.write(metrics, Files.readAllLines(metrics).stream()
                .filter(line -> !line.startsWith("{\"step\":12,") && !line.startsWith("{\"step\":13,")).toList());
        JsonNode read = data(Report.of(List.of(run)).html()).get("runs").get(0);
        assertEquals(List.of("2 steps between 1 and 40 are missing in metrics.jsonl: 12 to 13"),
                read.get("notes").valueStream().map(JsonNode::asString).toList());
    }

    /** Bytes of the run's files are changed at random: a page is made, or the run is refused in words. */
    @Test
    void damagedRunsDoNotBreakThePage() throws IOException {
        long seed = 20261129;
        Random random = new Random(seed);
        Path run = small("a");
        List<String> names = List.of("metrics.jsonl", "layers.jsonl", "run.json", "config.toml");
        Map<String, byte[]> whole = new HashMap<>();
        for (String name : names) {
            whole.put(name, Files.readAllBytes(run.resolve(name)));
        }
        String alphabet = "0e-.,:{}[]\"\n tx\u00ff";
        for (int i = 0; i < 80; i++) {
            for (String name : names) {
                byte[] bytes = whole.getOrDefault(name, new byte[0]).clone();
                for (int change = random.nextInt(6); change > 0; change--) {
                    bytes[random.nextInt(bytes.length)] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
                }
                Files.write(run.resolve(name), bytes);
            }
            try {
                assertTrue(data(Report.of(List.of(run)).html()).has("runs"));
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", round " + i, e);
            }
        }
    }

    /** A run of version 0.1 has neither times nor tokens. */
    @Test
    void anOldRunHasTheCurvesThatItRecorded() throws IOException {
        Path run = Files.createDirectories(folder.resolve("old"));
        Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":1,\"loss\":null}\n{\"step\":2,\"loss\":3.5}\n");
        JsonNode metrics = data(Report.of(List.of(run)).html()).get("runs").get(0).get("metrics");
        assertEquals(List.of("loss"), metrics.get("series").propertyStream().map(each -> each.getKey()).toList());
        assertEquals(List.of("step"), metrics.get("x").propertyStream().map(each -> each.getKey()).toList());
        assertTrue(metrics.get("series").get("loss").get("mean").get(0).isNull());
    }

    @Test
    void whatIsNoRunIsRefusedAllAtOnce() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        InputException refused = assertThrows(InputException.class,
                () -> Report.of(List.of(folder, file, folder.resolve("none"))));
        assertEquals(List.of(folder + " has no metrics.jsonl, which each run writes; give the folder of a run",
                file + " is a file; give the folder of a run, such as one in outputs/",
                folder.resolve("none") + " is not there; give the folder of a run, such as one in outputs/"),
                refused.getMessage().lines().toList());
        assertThrows(InputException.class, () -> Report.of(List.of()));
    }

    @Test
    void onlyReportsAreOverwritten() throws IOException {
        Report report = Report.of(List.of(small("a")));
        Path file = folder.resolve("page.html");
        report.write(file);
        report.write(file);
        Path precious = Files.writeString(folder.resolve("precious.html"), "<p>mine</p>");
        InputException refused = assertThrows(InputException.class, () -> report.write(precious));
        assertTrue(refused.getMessage().contains("precious.html is there and is not a report of moe4j"),
                refused.getMessage());
        assertEquals("<p>mine</p>", Files.readString(precious));
        assertThrows(InputException.class, () -> report.write(folder.resolve("no/such/page.html")));
        InputException unwritable = assertThrows(InputException.class,
                () -> report.write(folder.resolve("x".repeat(300) + ".html")));
        assertTrue(unwritable.getMessage().contains("give another --output"), unwritable.getMessage());
    }

    @Test
    void runsOfOneNameAreToldByTheirPaths() throws IOException {
        Path first = small("x/run");
        Path second = small("y/run");
        JsonNode runs = data(Report.of(List.of(first, second)).html()).get("runs");
        assertEquals(List.of(first.toString(), second.toString()),
                runs.valueStream().map(run -> run.get("name").asString()).toList());
    }

    private Path small(String name) throws IOException {
        return RunFolderFixture.make(folder.resolve(name), 40, 2, 4);
    }

    private static JsonNode data(String page) {
        int from = page.indexOf(BEGIN) + BEGIN.length();
        return JsonMapper.shared().readTree(page.substring(from, page.indexOf("</script>", from)));
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }
}
