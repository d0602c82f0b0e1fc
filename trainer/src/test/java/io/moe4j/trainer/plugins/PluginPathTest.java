package io.moe4j.trainer.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.module.FindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginPathTest {

    @TempDir
    Path temporary;

    @Test
    void jarsThatAllUsersCanWriteAreLeftOutEvenAsLibraries() throws IOException {
        Path folder = temporary.toRealPath();
        Path closed = jar(folder.resolve("closed.jar"), "rw-r--r--");
        Path open = jar(folder.resolve("open.jar"), "rw-r--rw-");
        Path shared = jar(folder.resolve("shared.jar"), "rw-rw-r--");

        PluginPath path = PluginPath.of(List.of(folder, open));

        assertEquals(List.of(new PluginJar(closed, List.of(closed, shared)),
                new PluginJar(shared, List.of(closed, shared))), path.jars());
        assertEquals(List.of(open.toString()), List.copyOf(path.problems().keySet()));
        String reason = path.problems().get(open.toString());
        assertTrue(reason.startsWith(open + " can be written by all users (mode 646), so any of them could run code"
                + " here") && reason.contains("chmod o-w"), reason);
    }

    @Test
    void soAreThoseInAFolderThatAllUsersCanWrite() throws IOException {
        Path folder = Files.createDirectory(temporary.toRealPath().resolve("plugins"));
        Path jar = jar(folder.resolve("plugin.jar"), "rw-r--r--");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        for (Path entry : List.of(folder, jar)) {
            PluginPath path = PluginPath.of(List.of(entry));
            assertEquals(List.of(), path.jars());
            assertTrue(path.problems().get(jar.toString()).startsWith(folder + " can be written by all users"));
        }
    }

    /** Without a module-info, the name of the jar becomes that of the module: acme-2fast.jar would be acme.2fast, and no name begins with a digit. */
    @Test
    void aJarWhoseNameMakesNoModuleIsToBeRenamed() throws IOException {
        Path jar = temporary.resolve("acme-2fast.jar");
        new JarOutputStream(Files.newOutputStream(jar), new Manifest()).close();
        PluginJar plugIn = new PluginJar(jar, List.of());
        String reason = plugIn.reason(assertThrows(FindException.class, plugIn::moduleName));
        assertTrue(reason.contains("'2fast' is not a Java identifier; rename the jar, as in my-plugin-1.0.jar"),
                reason);
    }

    private static Path jar(Path path, String mode) throws IOException {
        return Files.setPosixFilePermissions(Files.createFile(path), PosixFilePermissions.fromString(mode));
    }
}
