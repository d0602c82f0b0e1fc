package io.moe4j.tests.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import io.moe4j.tests.architecture.House.BuiltModule;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The rules see all classes of all modules. */
final class HouseTest {
    private static final Pattern DECLARATION = Pattern.compile("^(?:open )?module ([\\w.]+) \\{", Pattern.MULTILINE);

    /** Modules that have only tests, which are not published. */
    private static final Set<String> TESTS_ONLY = Set.of("io.moe4j.tests.parity", "io.moe4j.tests.integration",
            "io.moe4j.tests.compat", "io.moe4j.tests.faults", "io.moe4j.tests.fuzz", "io.moe4j.tests.gpu");

    @Test
    void everyModuleOfTheSourceTreeIsSeen() throws IOException {
        Set<String> declared = new TreeSet<>();
        for (Path file : descriptors()) {
            Matcher matcher = DECLARATION.matcher(Files.readString(file));
            assertTrue(matcher.find(), () -> file + " declares no module");
            declared.add(matcher.group(1));
        }
        declared.removeAll(TESTS_ONLY);
        Set<String> seen = House.read().modules().stream().map(BuiltModule::name).collect(Collectors.toSet());
        assertEquals(declared, new TreeSet<>(seen),
                "a module that is missing here has to become a dependency of tests/architecture");
    }

    @Test
    void everyClassFileIsImported() throws IOException {
        House house = House.read();
        Set<String> imported = house.classes().stream().map(JavaClass::getName).collect(Collectors.toSet());
        Set<String> built = new TreeSet<>(house.classNames());
        assertFalse(built.isEmpty());
        assertEquals(built, new TreeSet<>(imported));
    }

    @Test
    void packageRootsEqualModuleNames() throws IOException {
        for (BuiltModule module : House.read().modules()) {
            for (String name : module.classNames()) {
                assertTrue(name.startsWith(module.name() + "."), () -> name + " is in module " + module.name());
            }
        }
    }

    static List<Path> descriptors() throws IOException {
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(SourceTree.root(), new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                String name = directory.getFileName().toString();
                boolean skipped = name.equals("target") || name.startsWith(".") || name.equals("docs")
                        || name.equals("examples")
                        || name.equals("test")
                        || name.equals("resources");
                return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.endsWith("src/main/java/module-info.java")) {
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return found;
    }
}
