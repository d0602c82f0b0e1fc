package io.moe4j.tests.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The files in {@code META-INF/services}, which count on a class path, name the same providers in the same order as a module's descriptor. */
final class ServicesTest {

    @Test
    void descriptorsAndServiceFilesSayTheSame() throws IOException {
        List<String> differences = new ArrayList<>();
        int provided = 0;
        House house = House.read();
        Set<String> services = new TreeSet<>();
        house.modules().forEach(module -> module.descriptor().provides().forEach(each -> services.add(each.service())));
        for (House.BuiltModule module : house.modules()) {
            for (String service : services) {
                List<String> promised = promised(module.descriptor(), service);
                provided += promised.size();
                differences.addAll(differences(module.name(), service, promised, listed(module.location(), service)));
            }
        }
        assertEquals(List.of(), differences);
        assertTrue(provided >= 14 && services.size() >= 7, "saw only " + provided + " providers of " + services);
    }

    @Test
    void aProviderThatOneOfThemLacksIsCaught() {
        assertEquals(
                List.of("io.moe4j.planted provides io.moe4j.Service with [a.A, a.B], and META-INF/services has [a.A]"),
                differences("io.moe4j.planted", "io.moe4j.Service", List.of("a.A", "a.B"), List.of("a.A")));
    }

    private static List<String> differences(String module, String service, List<String> promised, List<String> listed) {
        return promised.equals(listed) ? List.of()
                : List.of(module + " provides " + service + " with " + promised + ", and META-INF/services has "
                        + listed);
    }

    private static List<String> promised(ModuleDescriptor module, String service) {
        return module.provides().stream().filter(each -> each.service().equals(service))
                .flatMap(each -> each.providers().stream()).toList();
    }

    private static List<String> listed(URL location, String service) throws IOException {
        URL file = URI.create(location + "META-INF/services/" + service).toURL();
        try (InputStream in = file.openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().map(String::strip)
                    .filter(line -> !line.isEmpty()).toList();
        } catch (java.io.FileNotFoundException | java.nio.file.NoSuchFileException e) {
            return List.of();
        }
    }
}
