using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace RustFs.Kms.Console;

/// <summary>Asks for the value of one parameter, in the type the parameter has.</summary>
internal sealed class FieldPrompt(KmsHostUI ui)
{
    private static readonly string[] s_true = ["true", "$true", "yes", "y", "1"];
    private static readonly string[] s_false = ["false", "$false", "no", "n", "0"];

    /// <summary>One value, or for a list as many as are given before an empty answer.</summary>
    internal object? Ask(FieldDescription field)
    {
        Type type = TypeOf(field);
        if (!type.IsArray && !typeof(IList).IsAssignableFrom(type))
        {
            return AskOne(field, type, field.Name, isElement: false);
        }

        Type elementType = type.GetElementType() ?? type.GetGenericArguments().FirstOrDefault() ?? typeof(object);
        ArrayList values = [];
        while (AskOne(field, elementType, $"{field.Name}[{values.Count}]", isElement: true) is object value)
        {
            values.Add(value);
        }

        return LanguagePrimitives.TryConvertTo(values, type, CultureInfo.InvariantCulture, out object? list) ? list : values.ToArray();
    }

    // A type of a module may be known to the engine by its short name only. The engine converts what stays a string.
    private static Type TypeOf(FieldDescription field)
        => Type.GetType(field.ParameterAssemblyFullName, throwOnError: false)
            ?? (LanguagePrimitives.TryConvertTo(field.ParameterTypeFullName, out Type type) ? type : typeof(string));

    // Null ends a list.
    private object? AskOne(FieldDescription field, Type type, string label, bool isElement)
    {
        if (type == typeof(SecureString))
        {
            ui.AskFor(label + ": ");
            SecureString secret = ui.ReadLineAsSecureString();
            return isElement && secret.Length == 0 ? null : secret;
        }

        if (type == typeof(PSCredential))
        {
            PSCredential credential = ui.PromptForCredential(string.Empty, label, string.Empty, string.Empty);
            return isElement && credential.Password.Length == 0 ? null : credential;
        }

        while (true)
        {
            ui.AskFor(label + ": ");
            string answer = ui.ReadLine();
            if (answer == "!?" && !string.IsNullOrEmpty(field.HelpMessage))
            {
                ui.AskFor(field.HelpMessage + Environment.NewLine);
            }
            else if (isElement && answer.Length == 0)
            {
                return null;
            }
            else if (TryConvert(answer, type, out object? value))
            {
                return value;
            }
            else
            {
                ui.AskFor($"\"{answer}\" is not a valid {type.Name}.{Environment.NewLine}");
            }
        }
    }

    private static bool TryConvert(string answer, Type type, out object? value)
    {
        // The language takes every non-empty string for true, "false" included.
        if (type == typeof(bool) || type == typeof(SwitchParameter))
        {
            bool isTrue = s_true.Contains(answer.Trim(), StringComparer.OrdinalIgnoreCase);
            value = type == typeof(bool) ? isTrue : new SwitchParameter(isTrue);
            return isTrue || s_false.Contains(answer.Trim(), StringComparer.OrdinalIgnoreCase);
        }

        return LanguagePrimitives.TryConvertTo(answer, type, CultureInfo.InvariantCulture, out value);
    }
}
