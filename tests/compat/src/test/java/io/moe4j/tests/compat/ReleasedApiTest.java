package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.Stability;
import io.moe4j.autograd.Tape;
import io.moe4j.tests.contract.CommBackendContract;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * All types and members that a jar compiled against the last release may link with still exist. Decision 26 says what is promised, and how a break is decided.
 */
final class ReleasedApiTest {
    private static final String RELEASE = "0.1.0";

    /** The modules against which outside authors compile, each with the least number of types that its record has. */
    static Stream<Arguments> modules() {
        return Stream.of(Arguments.of("moe4j-api", Stability.class, 110),
                Arguments.of("moe4j-autograd", Tape.class, 25),
                Arguments.of("moe4j-tests-contract", CommBackendContract.class, 10));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("modules")
    void nothingThatAJarLinksWithIsGone(String module, Class<?> one, int atLeast) throws Exception {
        ApiComparison comparison = ApiComparison.of(released(module), location(one));
        assertTrue(comparison.types() >= atLeast, () -> "compared only " + comparison.types() + " types");
        List<String> breaks = AcceptedBreaks.read().notAccepted(comparison.breaks());
        assertEquals("", String.join("\n", breaks), () -> module + " breaks jars that were compiled against " + RELEASE
                + ". Keep what they link with beside what is new (a static factory, a default method); or decide on the break:"
                + " raise the major version of the SPI, and add the lines, with the reason, to"
                + " tests/compat/src/test/resources/io/moe4j/tests/compat/accepted-breaks.txt");
    }

    /** An accepted break that no longer occurs must not hide a later one of the same name. */
    @Test
    void whatIsAcceptedHasHappened() throws Exception {
        List<String> breaks = new ArrayList<>();
        for (Arguments module : modules().toList()) {
            breaks.addAll(ApiComparison.of(released((String) module.get()[0]), location((Class<?>) module.get()[1]))
                    .breaks());
        }
        assertEquals(List.of(), AcceptedBreaks.read().unused(breaks));
    }

    /** With a narrower return type, a caller's source still compiles, but its class file does not link. */
    @Test
    void aNarrowerReturnTypeIsFound(@TempDir Path work) throws Exception {
        List<String> before = ApiComparison.of(released("moe4j-api"), location(Stability.class)).breaks();
        String file = "io/moe4j/api/device/KernelArg.java";
        Sources narrower = Sources.ofProject("api")
                .edited(text -> text.replace("static KernelArg of(int value)", "static Int of(int value)"));
        assertTrue(Objects.requireNonNull(narrower.files().get(file)).contains("static Int of(int value)"));
        assertEquals(List.of("io.moe4j.api.device.KernelArg.of(int) METHOD_RETURN_TYPE_CHANGED"),
                newBreaks(before, narrower, work));
    }

    /** A method that every plug-in would have to implement, which plug-ins of the release do not have. */
    @Test
    void anAbstractMethodMoreIsFound(@TempDir Path work) throws Exception {
        List<String> before = ApiComparison.of(released("moe4j-api"), location(Stability.class)).breaks();
        Sources more = Sources.ofProject("api").edited(text -> text.replace(
                "public interface KernelModule extends AutoCloseable {",
                "public interface KernelModule extends AutoCloseable {\n\n    /** Planted. */\n    int planted();\n"));
        assertEquals(List.of("io.moe4j.api.device.KernelModule.planted() METHOD_ADDED_TO_INTERFACE"),
                newBreaks(before, more, work));
    }

    private static List<String> newBreaks(List<String> before, Sources api, Path work) throws IOException {
        Path classes = Compiler.compile(api, Compiler.librariesOfThisJvm(), work);
        List<String> breaks = new ArrayList<>(ApiComparison.of(released("moe4j-api"), classes).breaks());
        breaks.removeAll(before);
        return breaks;
    }

    private static byte[] released(String module) throws IOException {
        try (InputStream in = Objects.requireNonNull(
                ReleasedApiTest.class.getResourceAsStream(RELEASE + "/" + module + ".jar"), module)) {
            return in.readAllBytes();
        }
    }

    private static Path location(Class<?> one) throws URISyntaxException {
        Path location = Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
        assertTrue(Files.exists(location), location::toString);
        return location;
    }
}
