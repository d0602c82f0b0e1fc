package io.moe4j.api.spi;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.instruction.ConstantInstruction;
import java.util.Optional;

/** The SPI version of a provider that cannot be instantiated. It is read from the class file, into which the compiler has copied the constant. */
final class BuiltVersion {

    private BuiltVersion() {}

    /** The value that {@code spiVersion()} of this class would return; empty if the method does more than return a constant. */
    static Optional<String> of(Class<?> provider) {
        String file = "/" + provider.getName().replace('.', '/') + ".class";
        try (InputStream in = provider.getResourceAsStream(file)) {
            return in == null ? Optional.empty()
                    : ClassFile.of().parse(in.readAllBytes()).methods().stream()
                            .filter(method -> method.methodName().equalsString("spiVersion"))
                            .flatMap(method -> method.code().stream()).flatMap(code -> code.elementStream())
                            .filter(ConstantInstruction.class::isInstance)
                            .map(each -> String.valueOf(((ConstantInstruction) each).constantValue()))
                            .filter(text -> text.matches("\\d+\\.\\d+")).findFirst();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
