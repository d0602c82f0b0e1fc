package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.app.cli.Main;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model family of another jar that fails in one of its methods: the error names it, the method, its class and its jar, whoever called it. */
final class FaultyModelTest {
    private static final String FAULT = "throw new NullPointerException(\"bad thing\");";
    private static final String MODULE = """
            module example.acme {
                requires io.moe4j.api;
                requires io.moe4j.autograd;
                provides io.moe4j.autograd.model.ModelProvider with example.acme.AcmeProvider;
            }
            """;
    private static final String PROVIDER = """
            package example.acme;
            import io.moe4j.api.spi.Availability;
            import io.moe4j.autograd.model.*;
            import java.util.*;
            public final class AcmeProvider implements ModelProvider {
                public String id() { return "acme"; }
                public String spiVersion() { return SPI_VERSION; }
                public String description() { return "for this test"; }
                public Availability probe() { return Availability.available(); }
                public List<String> flavors() { return List.of("small"); }
                public ModelSpec flavor(String name) { FLAVOR return new AcmeSpec(); }
                public ModelSpec fromHuggingFace(Map<String, Object> config) { READ return new AcmeSpec(); }
            }
            """;
    private static final String SPEC = """
            package example.acme;
            import io.moe4j.autograd.model.*;
            import java.util.*;
            record AcmeSpec() implements ModelSpec {
                public String name() { return "small one"; }
                public long vocabulary() { return 257; }
                public long maxSequence() { return 64; }
                public Optional<MoeSpec> moe() { return Optional.empty(); }
                public ModelSpec withMoeCommBackend(String id) { return this; }
                public ModelFigures figures(long sequence) { return new ModelFigures(1, 1, 1); }
                public List<String> problems(int ranks, long sequence) { PROBLEMS return List.of(); }
                public Model open(ModelContext context) { return List.of(1).stream().<Model>map(one -> { OPEN return null; }).toList().getFirst(); }
            }
            """;

    private static final StackTraceElement OF_HOST = new StackTraceElement("app", "io.moe4j.trainer", null,
            "io.moe4j.trainer.run.Trainer", "open", "Trainer.java", 1);

    @TempDir
    private Path work;

    @Test
    void aFaultIsNamedWhereverItIs() throws IOException {
        for (Map.Entry<String, String> fault : Map.of("FLAVOR", "AcmeProvider.flavor()", "PROBLEMS",
                "AcmeSpec.problems()", "OPEN", "AcmeSpec.open()").entrySet()) {
            told(fault.getKey(), fault.getValue(), "train", "--model.name", "acme", "--model.flavor", "small",
                    "--output", work.resolve("run-" + fault.getKey()).toString(), "--data.tokenizer", "bytes");
        }
        told("OPEN", "AcmeSpec.open()", "plan", "--model.name", "acme", "--model.flavor", "small");
    }

    @Test
    void aFaultInReadingAFolderIsNamed() throws IOException {
        Path folder = Files.createDirectories(work.resolve("model"));
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"acme\"}");
        told("READ", "AcmeProvider.fromHuggingFace()", "plan", "--model.from", folder.toString());
        told("READ", "AcmeProvider.fromHuggingFace()", "generate", folder.toString(), "--prompt", "x");
    }

    /** Java's own messages have names of classes, and those have the plug-in's id: it is named all the same. */
    @Test
    void aMessageWithNamesOfItsClassesDoesNotNameIt() throws IOException {
        Registry registry = Plugins.load(List.of(jar("OPEN")));
        for (String message : List.of("Cannot invoke \"example.acme.AcmeSpec.name()\" because \"<local1>\" is null",
                "Cannot read field \"size\" because \"this.acme\" is null",
                "class example.acme.A cannot be cast to class example.acme.B (both are in module example.acme of loader 'x')",
                "/data/acme/a.json is wrong")) {
            NullPointerException fault = new NullPointerException(message);
            fault.setStackTrace(new StackTraceElement[] {ofPlugIn("AcmeSpec", "open"), OF_HOST});
            String told = registry.codeFailure(fault).orElse("");
            assertTrue(told.startsWith("the plug-in \"acme\" failed in AcmeSpec.open(): "), told);
        }
        for (String message : List.of("acme: no such file", "this is acme.", "\"acme\" needs a file")) {
            IllegalStateException refusal = new IllegalStateException(message);
            refusal.setStackTrace(new StackTraceElement[] {ofPlugIn("AcmeSpec", "open"), OF_HOST});
            assertEquals(Optional.empty(), registry.codeFailure(refusal), message);
        }
    }

    /** A program with a plug-in of its own calls moe4j from the plug-in's module. */
    @Test
    void aFaultOfMoe4jIsNoneOfTheProgramThatCalledIt() throws IOException {
        Registry registry = Plugins.load(List.of(jar("OPEN")));
        IllegalStateException fault = new IllegalStateException("a rank is gone");
        fault.setStackTrace(new StackTraceElement[] {OF_HOST, ofPlugIn("Program", "main")});
        assertEquals(Optional.empty(), registry.codeFailure(fault));
        fault.setStackTrace(new StackTraceElement[] {ofPlugIn("Worker", "run")});
        assertTrue(registry.codeFailure(fault).orElse("").contains("failed in Worker.run()"), "on its own thread");
    }

    private static StackTraceElement ofPlugIn(String type, String method) {
        return new StackTraceElement("app", "example.acme", null, "example.acme." + type, method, "A.java", 1);
    }

    private Path jar(String place) throws IOException {
        Path jar = work.resolve(place + "/acme.jar");
        if (!Files.exists(jar)) {
            Sources sources = new Sources(Map.of("module-info.java", MODULE, "example/acme/AcmeProvider.java",
                    with(PROVIDER, place), "example/acme/AcmeSpec.java", with(SPEC, place)));
            PlugInJar.write(sources, OtherVersion.ofHost(), work, jar);
        }
        return jar;
    }

    private void told(String place, String method, String command, String... arguments) throws IOException {
        Path jar = jar(place);
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--plugin-path", jar.toString()));
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), all.toArray(String[]::new));
        assertEquals(1, code, err.toString());
        assertTrue(err.toString().contains("the plug-in \"acme\" failed in " + method
                + ": java.lang.NullPointerException: bad thing; report this to the author of example.acme.AcmeProvider ("
                + jar + ")"), command + ": " + err);
    }

    /** The source with the fault in one place; the other places are empty. */
    private static String with(String source, String place) {
        return source.replace(place + " ", FAULT.replace("throw", "if (true) throw") + " ")
                .replaceAll("\\b(FLAVOR|READ|PROBLEMS|OPEN) ", "");
    }
}
