package io.moe4j.tests.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Decision 1: an SPI method takes a record that is made by a static factory, so that a component can be added to it without breaking the
 * code that makes it.
 */
final class Factories {

    private Factories() {}

    /** Each record that a method of an exported interface takes has a public static method that returns one. */
    static Rule ofArgumentRecords(Predicate<String> exported) {
        return Rule.perClass("argument records have a factory",
                type -> exported.test(type.getPackageName()),
                type -> type.getMethods().stream()
                        .filter(method -> type.isInterface() && isPublic(type.getModifiers())
                                && isPublic(method.getModifiers()))
                        .flatMap(method -> method.getRawParameterTypes().stream())
                        .filter(parameter -> parameter.isRecord() && exported.test(parameter.getPackageName()))
                        .filter(parameter -> !hasFactory(parameter))
                        .map(parameter -> parameter.getName() + " is an argument of " + type.getName()
                                + " and has no static factory; give it of(...) with the mandatory parts"));
    }

    private static boolean hasFactory(JavaClass type) {
        return type.getMethods().stream().anyMatch(method -> makes(type, method));
    }

    private static boolean makes(JavaClass type, JavaMethod method) {
        return method.getModifiers().contains(JavaModifier.STATIC) && isPublic(method.getModifiers())
                && method.getRawReturnType().equals(type);
    }

    private static boolean isPublic(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC);
    }
}
