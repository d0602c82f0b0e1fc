package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plug-ins that fail when they are asked what they can: they are named where they are used, and harm no run that does not use them. */
final class FaultyAnswersTest {
    private static final String SUPPORTS = "return kind.equals(DeviceKind.CPU);";
    private static final String NEEDS = "return CommRequirements.none().withCollectives().withWorstCaseOnly();";

    @TempDir
    private Path work;

    @Test
    void aPlugInThatThrowsEndsOnlyRunsThatUseIt() throws IOException {
        Path jar = jar(Sources.ofExample().replaced(SUPPORTS, "throw new IllegalStateException(\"bad thing\");"));
        TwoSteps other = TwoSteps.run(work.resolve("other"), "standard", "--plugin-path", jar.toString());
        assertEquals(0, other.exit(), other.err());
        assertEquals(2, other.losses().size());
        TwoSteps its = TwoSteps.run(work.resolve("its"), "gather_all", "--plugin-path", jar.toString());
        assertNotEquals(0, its.exit());
        assertTrue(its.err().contains("the plug-in \"gather_all\" failed in its method supports():"
                + " java.lang.IllegalStateException: bad thing; report this to the author of example.gatherall.GatherAllProvider ("),
                its.err());
    }

    @Test
    void requirementsThatAreNullNameThePlugIn() throws IOException {
        Path jar = jar(Sources.ofExample().replaced(NEEDS, "return null;"));
        TwoSteps its = TwoSteps.run(work.resolve("its"), "gather_all", "--plugin-path", jar.toString());
        assertNotEquals(0, its.exit());
        assertTrue(its.err().contains("the plug-in \"gather_all\" returned null from its method requirements();"
                + " let it return a value"), its.err());
    }

    private Path jar(Sources plugIn) throws IOException {
        Path folder = Files.createTempDirectory(work, "case");
        return PlugInJar.write(plugIn, OtherVersion.ofHost(), folder,
                folder.resolve("plugins/gather_all.jar"));
    }
}
