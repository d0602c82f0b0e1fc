package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

    private void told(String place, String method, String command, String... arguments) throws IOException {
        Path jar = work.resolve(place + "/acme.jar");
        if (!Files.exists(jar)) {
            Sources sources = new Sources(Map.of("module-info.java", MODULE, "example/acme/AcmeProvider.java",
                    with(PROVIDER, place), "example/acme/AcmeSpec.java", with(SPEC, place)));
            PlugInJar.write(sources, OtherVersion.ofHost(), work, jar);
        }
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
