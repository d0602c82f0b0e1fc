package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.api.spi.Registry.Entry;
import io.moe4j.api.spi.Registry.LeftOut;
import io.moe4j.api.spi.Registry.Loaded;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.app.cli.Main;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Plug-in jars, whole and broken in many ways, all on one plug-in path: each is found, or left out for its own reason. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PluginPathTest {
    private static final String HOST = RecomputePolicyProvider.SPI_VERSION;

    private final Map<String, OtherVersion> versions = new HashMap<>();
    private Path work;
    private Path plugins;

    @BeforeAll
    void makeJars(@TempDir Path folder) throws IOException {
        work = folder;
        plugins = folder.resolve("plugins");
        jar("older_minor", "1.0", PlugIns.recomputePolicy("older_minor"), name -> true);
        jar("this_version", HOST, PlugIns.recomputePolicy("this_version"), name -> true);
        jar("too_old", "0.9", PlugIns.recomputePolicy("too_old"), name -> true);
        jar("too_new_minor", "1.99", PlugIns.recomputePolicy("too_new_minor"), name -> true);
        jar("too_new_major", "2.0", PlugIns.recomputePolicy("too_new_major"), name -> true);
        jar("full", HOST, PlugIns.recomputePolicy("full"), name -> true);
        jar("unlucky", HOST,
                PlugIns.recomputePolicy("unlucky", "if (true) throw new IllegalStateException(\"no luck today\");"),
                name -> true);
        jar("class_missing", HOST, PlugIns.recomputePolicy("class_missing"), name -> !name.endsWith("Words.class"));
        jar("provider_missing", HOST, PlugIns.recomputePolicy("provider_missing"),
                name -> !name.endsWith("OutsidePolicyProvider.class"));
        PlugInJar.write(needingLibrary("module_missing"), withLibrary(), work, plugins.resolve("module_missing.jar"));
        PlugInJar.write(PlugIns.recomputePolicy("no_module"), version(HOST), work, plugins.resolve("no_module.jar"),
                name -> !name.equals("module-info.class"),
                Map.of("META-INF/services/" + RecomputePolicyProvider.class.getName(),
                        "outside.no_module.OutsidePolicyProvider\n"));
        PlugInJar.write(PlugIns.recomputePolicy("offers_nothing"), version(HOST), work,
                plugins.resolve("offers_nothing.jar"),
                name -> !name.equals("module-info.class"));
        Files.writeString(plugins.resolve("garbage.jar"), "this is no zip file");
    }

    private void jar(String id, String version, Sources sources, Predicate<String> packed) throws IOException {
        PlugInJar.write(sources, version(version), work, plugins.resolve(id + ".jar"), packed);
    }

    private OtherVersion version(String number) throws IOException {
        if (!versions.containsKey(number)) {
            Path folder = Files.createTempDirectory(work, "api");
            versions.put(number, number.equals(HOST) ? OtherVersion.ofHost()
                    : OtherVersion.of(number, folder));
        }
        return versions.get(number);
    }

    private Registry registry() {
        return Plugins.load(List.of(plugins));
    }

    private List<Entry> from(Registry registry, String jar) {
        return registry.entries().stream().filter(entry -> entry.jar().equals(plugins.resolve(jar + ".jar").toString()))
                .toList();
    }

    private String reason(String jar) {
        List<Entry> entries = from(registry(), jar);
        assertEquals(1, entries.size(), jar + ": " + entries);
        return assertInstanceOf(LeftOut.class, entries.getFirst()).reason();
    }

    @Test
    void soundOnesAreFoundById() {
        Registry registry = registry();
        for (String id : List.of("older_minor", "this_version", "no_module")) {
            RecomputePolicyProvider provider = registry.get(RecomputePolicyProvider.class, id);
            assertEquals("a policy from outside", provider.description());
            assertNotNull(provider.policy());
            assertEquals(1, from(registry, id).size());
        }
        Loaded older = (Loaded) from(registry, "older_minor").getFirst();
        assertEquals("1.0", older.built().toString());
    }

    @Test
    void eachHasAClassLoaderOfItsOwn() {
        Registry registry = registry();
        assertEquals(3, List.of("older_minor", "this_version", "no_module").stream()
                .map(id -> registry.get(RecomputePolicyProvider.class, id).getClass().getClassLoader()).distinct()
                .count());
    }

    @Test
    void theHostsOwnPluginsAreTheSameAsWithoutThePath() {
        List<String> alone = Plugins.load().entries().stream().map(PluginPathTest::name).toList();
        assertEquals(alone, registry().entries().stream().map(PluginPathTest::name).toList().subList(0, alone.size()));
        assertTrue(alone.contains("RecomputePolicy full"), alone.toString());
    }

    private static String name(Entry entry) {
        return entry.spiName() + " " + (entry instanceof Loaded loaded ? loaded.id() : entry);
    }

    @Test
    void versionsThatDoNotFitAreTwoErrors() {
        assertTrue(reason("too_old")
                .startsWith("too old: it was built against version 0.9 of RecomputePolicy, and this host has " + HOST));
        for (String newer : List.of("too_new_minor", "too_new_major")) {
            assertTrue(reason(newer).startsWith("too new: it was built against version "), reason(newer));
        }
        assertTrue(reason("too_new_minor").contains("1.99") && reason("too_new_minor").contains(HOST));
        assertTrue(reason("too_new_major").contains("too_new_major.jar"), reason("too_new_major"));
    }

    @Test
    void aTakenIdIsLeftToItsFirstOwner() {
        String reason = reason("full");
        assertTrue(
                reason.startsWith(
                        "duplicate id: \"full\" is taken by io.moe4j.activationcheckpoint.FullRecomputeProvider of "),
                reason);
        assertTrue(registry().get(RecomputePolicyProvider.class, "full").getClass().getName().startsWith("io.moe4j."));
    }

    @Test
    void brokenOnesTellWhatIsBroken() {
        assertTrue(reason("unlucky").contains("java.lang.IllegalStateException: no luck today"), reason("unlucky"));
        assertTrue(reason("class_missing").contains("the class outside.class_missing.Words is missing"),
                reason("class_missing"));
        assertTrue(reason("provider_missing").contains("outside.provider_missing.OutsidePolicyProvider not found"),
                reason("provider_missing"));
        assertEquals("it is no jar, or a damaged one: zip END header not found; build, copy or download it again",
                reason("garbage"));
        assertTrue(reason("offers_nothing").contains("it offers no plug-in")
                && reason("offers_nothing").contains("name the class that implements one of them in its module-info"),
                reason("offers_nothing"));
    }

    /** As if the jar had been built for a later Java. */
    @Test
    void classesOfALaterJavaAreToBeBuiltForThisOne() throws IOException {
        Path folder = Files.createDirectories(work.resolve("later"));
        Path module = later(folder.resolve("module.jar"), "module-info.class");
        Path provider = later(folder.resolve("provider.jar"), "outside/this_version/OutsidePolicyProvider.class");
        List<String> reasons = Plugins.load(List.of(module, provider)).entries().stream()
                .filter(LeftOut.class::isInstance).map(each -> ((LeftOut) each).reason()).toList();
        String remedy = "build the jar with javac --release " + Runtime.version().feature()
                + ", or start moe4j with the Java that the jar was built for";
        assertEquals(2, reasons.size(), reasons.toString());
        assertTrue(reasons.getFirst().startsWith("its module-info cannot be read: Unsupported major.minor version 99.0")
                && reasons.getFirst().endsWith(remedy), reasons.getFirst());
        assertTrue(reasons.getLast().contains("class file version 99.0") && reasons.getLast().endsWith(remedy),
                reasons.getLast());
    }

    /** The jar {@code this_version}, with one class of another version. */
    private Path later(Path target, String name) throws IOException {
        Files.copy(plugins.resolve("this_version.jar"), target);
        try (FileSystem jar = FileSystems.newFileSystem(target)) {
            byte[] bytes = Files.readAllBytes(jar.getPath(name));
            bytes[7] = 99;
            Files.write(jar.getPath(name), bytes);
        }
        return target;
    }

    @Test
    void whatRequiresAModuleThatIsNotThereSaysWhich() {
        assertEquals(
                "no module can be made of it: Module outside.words not found, required by outside.module_missing; put"
                        + " the jar with the module outside.words beside it, into " + plugins
                        + ", or build outside.module_missing without it",
                reason("module_missing"));
    }

    @Test
    void anUnknownIdNamesTheNearMisses() {
        String message = assertThrows(IllegalArgumentException.class,
                () -> registry().get(RecomputePolicyProvider.class, "too_old")).getMessage();
        assertTrue(message.contains("known are [budget, full, ") && message.contains("too old: "), message);
    }

    @Test
    void pathsThatAreNotThereAreListed() throws IOException {
        Path empty = Files.createDirectories(work.resolve("empty"));
        Registry registry = Plugins.load(List.of(work.resolve("nowhere"), empty));
        String entries = registry.entries().stream().filter(LeftOut.class::isInstance).toList().toString();
        assertTrue(entries.contains("nowhere: there is no such file or folder"), entries);
        assertTrue(entries.contains("empty: the folder has no jars"), entries);
    }

    /** A module that a plug-in requires may lie in the same folder. */
    @Test
    void librariesLieBesideTheirPlugin() throws IOException {
        Path folder = work.resolve("with-library");
        PlugInJar.write(library(), version(HOST), work, folder.resolve("words.jar"));
        PlugInJar.write(needingLibrary("needs_library"), withLibrary(), work, folder.resolve("needs_library.jar"));
        Registry registry = Plugins.load(List.of(folder));
        assertEquals("from a library", registry.get(RecomputePolicyProvider.class, "needs_library").description());
        assertEquals(List.of(), registry.entries().stream().filter(LeftOut.class::isInstance).toList());
    }

    /** The same where the path names the jar instead of its folder, or both; jars beside it that it does not require have no part in it. */
    @Test
    void librariesLieBesideAPluginThatIsNamedItself() throws IOException {
        Path folder = work.resolve("named-itself");
        PlugInJar.write(library(), version(HOST), work, folder.resolve("words.jar"));
        Path plugIn = PlugInJar.write(needingLibrary("names_library"), withLibrary(), work, folder.resolve("x.jar"));
        Files.copy(plugins.resolve("garbage.jar"), folder.resolve("garbage.jar"));
        Files.copy(plugins.resolve("this_version.jar"), folder.resolve("this_version.jar"));
        Registry registry = Plugins.load(List.of(plugIn));
        assertEquals("from a library", registry.get(RecomputePolicyProvider.class, "names_library").description());
        assertEquals(List.of("x.jar"),
                registry.entries().stream().filter(each -> each.jar().startsWith(work.toString()))
                        .map(each -> Path.of(each.jar()).getFileName().toString()).toList());
        List<Entry> twice = Plugins.load(List.of(plugIn, folder, plugIn)).entries().stream()
                .filter(each -> each.jar().equals(plugIn.toString())).toList();
        assertEquals(1, twice.size(), twice.toString());
    }

    private static Sources library() {
        return new Sources(Map.of("module-info.java", "module outside.words { exports outside.words; }",
                "outside/words/Text.java", """
                        package outside.words;

                        public final class Text {
                            public static String get() {
                                return "from a library";
                            }
                        }
                        """));
    }

    private OtherVersion withLibrary() throws IOException {
        OtherVersion host = version(HOST);
        return host.with(Compiler.compile(library(), host, Files.createTempDirectory(work, "library")));
    }

    private static Sources needingLibrary(String id) {
        return PlugIns.recomputePolicy(id)
                .replaced("requires io.moe4j.autograd;", "requires io.moe4j.autograd; requires outside.words;")
                .replaced("\"a policy from outside\".strip()", "outside.words.Text.get()");
    }

    @Test
    void theCommandLineListsThemAll() {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = Main.run(new PrintWriter(out), new PrintWriter(err), "plugins", "--plugin-path", plugins.toString());
        assertEquals(0, exit, err.toString());
        String text = out.toString();
        for (String expected : List.of("older_minor", "a policy from outside", "left out", "too old: ", "too new: ",
                "duplicate id: ",
                "no luck today", "Words is missing", "garbage.jar", "minimal_async_ep", "deepseek_v3")) {
            assertTrue(text.contains(expected), expected + " is not in\n" + text);
        }
    }

    @Test
    void theCommandLineListsThemForMachinesToo() {
        StringWriter out = new StringWriter();
        int exit = Main.run(new PrintWriter(out), new PrintWriter(new StringWriter()), "plugins", "--json",
                "--plugin-path", plugins.toString());
        assertEquals(0, exit);
        String text = out.toString();
        assertTrue(text.contains("\"id\" : \"older_minor\",\n    \"version\" : \"1.0\",\n    \"state\" : \"loaded\""),
                text);
        assertTrue(text.contains("\"id\" : \"too_old\",\n    \"version\" : \"0.9\",\n    \"state\" : \"left_out\""),
                text);
    }
}
