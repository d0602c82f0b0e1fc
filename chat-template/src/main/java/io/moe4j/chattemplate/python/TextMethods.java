package io.moe4j.chattemplate.python;

import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str}. */
final class TextMethods {

    private TextMethods() {}

    static @Nullable Function find(String text, String name) {
        return switch (name) {
            case "upper" -> none(name, () -> text.toUpperCase(Locale.ROOT));
            case "lower" -> none(name, () -> text.toLowerCase(Locale.ROOT));
            case "casefold" -> none(name, () -> text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT));
            case "capitalize" -> none(name, () -> Case.capitalized(text));
            case "title" -> none(name, () -> Case.title(text));
            case "swapcase" -> none(name, () -> Case.swapped(text));
            case "strip" -> arguments -> Strip.both(text, arguments.bind(name, "/chars?")[0]);
            case "lstrip" -> arguments -> Strip.start(text, arguments.bind(name, "/chars?")[0]);
            case "rstrip" -> arguments -> Strip.end(text, arguments.bind(name, "/chars?")[0]);
            case "removeprefix" -> arguments -> {
                String prefix = text(name, arguments.required(name, "/prefix"));
                return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
            };
            case "removesuffix" -> arguments -> {
                String suffix = text(name, arguments.required(name, "/suffix"));
                return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
            };
            case "replace" -> arguments -> {
                @Nullable Object[] given = arguments.bind(name, "/old", "/new", "/count?");
                return Replace.replaced(text, text(name, given[0]), text(name, given[1]),
                        given[2] == null ? -1 : Types.whole(given[2], name));
            };
            case "join" -> arguments -> Join.joined(text, Iteration.items(arguments.required(name, "/items")), false);
            case "format" -> arguments -> BraceFormat.format(text, arguments);
            case "isalpha" -> all(name, text, Character::isLetter);
            case "isdecimal" -> all(name, text, Character::isDigit);
            case "isdigit" -> all(name, text, Case::isDigit);
            case "isnumeric" -> all(name, text, Case::isNumeric);
            case "isalnum" -> all(name, text, c -> Character.isLetter(c) || Case.isNumeric(c));
            case "isspace" -> all(name, text, Spaces::isSpace);
            case "isascii" -> none(name, () -> text.chars().allMatch(c -> c < 128));
            case "isprintable" -> none(name, () -> text.codePoints().allMatch(Quoted::isPrintable));
            case "isidentifier" -> none(name, () -> Case.isIdentifier(text));
            case "isupper" -> none(name, () -> Case.isUpper(text));
            case "islower" -> none(name, () -> Case.isLower(text));
            case "istitle" -> none(name, () -> Case.isTitle(text));
            default -> {
                Function search = SearchMethods.find(text, name);
                yield search != null ? search : SplitMethods.find(text, name);
            }
        };
    }

    /** A method without arguments. */
    private static Function none(String name, Supplier<Object> result) {
        return arguments -> {
            arguments.bind(name);
            return result.get();
        };
    }

    /** A method that is true if there are characters, and all of them are of one kind. */
    private static Function all(String name, String text, IntPredicate kind) {
        return none(name, () -> !text.isEmpty() && text.codePoints().allMatch(kind));
    }

    static String text(String method, @Nullable Object value) {
        return Types.text(value == null ? None.NONE : value, method);
    }
}
