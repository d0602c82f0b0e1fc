package io.moe4j.tests.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Module descriptors require and export no more than the design allows, even if no class uses it. */
final class DescriptorsTest {

    @Test
    void modulesRequireOnlyWhatTheDesignAllows() throws IOException {
        List<ModuleDescriptor> descriptors = House.read().modules().stream().map(House.BuiltModule::descriptor)
                .toList();
        assertTrue(descriptors.size() >= 10, () -> "saw only " + descriptors.size() + " modules");
        assertEquals(List.of(), violations(descriptors, Design.allowed()));
    }

    @Test
    void aPlugInThatRequiresAnotherIsCaught() {
        ModuleDescriptor planted = ModuleDescriptor.newModule("io.moe4j.comm.standard").requires("io.moe4j.api")
                .requires("io.moe4j.kernels.swiglu").build();
        assertEquals(List.of("io.moe4j.comm.standard requires io.moe4j.kernels.swiglu"),
                violations(List.of(planted), Design.allowed()));
    }

    @Test
    void aModuleThatTheDesignDoesNotKnowIsCaught() {
        ModuleDescriptor planted = ModuleDescriptor.newModule("io.moe4j.surprise").requires("io.moe4j.api").build();
        assertEquals(List.of("io.moe4j.surprise requires io.moe4j.api"),
                violations(List.of(planted), Design.allowed()));
    }

    private static List<String> violations(List<ModuleDescriptor> descriptors, Map<String, Set<String>> allowed) {
        return descriptors.stream().flatMap(module -> violations(module, allowed.getOrDefault(module.name(), Set.of())))
                .toList();
    }

    private static Stream<String> violations(ModuleDescriptor module, Set<String> allowed) {
        return module.requires().stream().map(ModuleDescriptor.Requires::name)
                .filter(name -> name.startsWith("io.moe4j.") && !allowed.contains(name)).sorted()
                .map(name -> module.name() + " requires " + name);
    }
}
