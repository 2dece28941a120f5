/* truewheel._canonical: the canonical form as a function of Python, for any from 3.10 on. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030a0000
#include <Python.h>

#include <stdlib.h>

#include "canonical.h"

enum { SECRET_SIZE = 16 };

/* Returns why these bytes are no UTF-8, in the words of Python's decoder. */
static PyObject *
text_reason(const char *text, Py_ssize_t size)
{
    PyObject *decoded = PyUnicode_DecodeUTF8(text, size, "surrogatepass"), *type, *error, *trace;
    if (decoded != NULL) {
        Py_DECREF(decoded);
        PyErr_SetString(PyExc_SystemError, "Python's decoder takes what the extension refuses");
        return NULL;
    }
    PyErr_Fetch(&type, &error, &trace);
    PyErr_NormalizeException(&type, &error, &trace);
    PyObject *reason = PyUnicodeDecodeError_GetReason(error);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(trace);
    return reason;
}

/* Returns the message of a refusal. */
static PyObject *
message(const CanonicalResult *result, const char *data, int major, int minor)
{
    PyObject *detail, *text;
    if (result->status == CANONICAL_REFUSED)
        return PyUnicode_FromFormat(result->format, result->a[0], result->a[1]);
    if (result->status == CANONICAL_BAD_CODE) {
        detail = PyUnicode_FromOrdinal((int)result->a[0]);
        text = detail == NULL ? NULL : PyUnicode_FromFormat(
            "type code %R has no place in the code of a Python %d.%d", detail, major, minor);
    } else {
        detail = text_reason(data + result->offset, (Py_ssize_t)result->a[1]);
        text = detail == NULL ? NULL : PyUnicode_FromFormat("bad UTF-8: %U", detail);
    }
    Py_XDECREF(detail);
    return text;
}

/* Raises the MarshalError of a refusal. */
static void
refuse(const CanonicalResult *result, const char *data, int major, int minor)
{
    PyObject *module = PyImport_ImportModule("truewheel._target.marshal_stream");
    PyObject *type = module == NULL ? NULL : PyObject_GetAttrString(module, "MarshalError");
    PyObject *text = type == NULL ? NULL : message(result, data, major, minor);
    Py_ssize_t offset = (Py_ssize_t)result->offset;
    PyObject *error = text == NULL ? NULL : PyObject_CallFunction(type, "On", text, offset);
    if (error != NULL)
        PyErr_SetObject(type, error);
    Py_XDECREF(error);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(module);
}

PyDoc_STRVAR(rewrite_doc,
"rewrite(stream, version, ints, localsplus, slices, latin1, paths, single, own_names, filename, /)\n--\n\n"
"Return the canonical form of a marshal stream.\n\n"
"What follows version, (major, minor), is its row of truewheel._target.versions: `single` as one string,\n"
"`own_names` with a line break after each. Each co_filename becomes `filename`, bytes of UTF-8 (surrogatepass),\n"
"unless that is None. MarshalError as from truewheel._target.marshal_stream.rewrite, and\n"
"for more than 2 GiB. Other threads run meanwhile.");

static PyObject *
rewrite(PyObject *module, PyObject *args)
{
    PyObject *stream;
    int major, minor, localsplus, slices, latin1, paths;
    unsigned char ints;
    char *data;
    const char *filename;
    Py_ssize_t size, filename_size;
    CanonicalFormat format;
    CanonicalResult result;
    if (!PyArg_ParseTuple(args, "S(ii)bppppszz#:rewrite", &stream, &major, &minor, &ints, &localsplus, &slices,
                          &latin1, &paths, &format.single, &format.own_names, &filename,
                          &filename_size))
        return NULL;
    format.ints = ints, format.localsplus = localsplus, format.slices = slices;
    format.latin1 = latin1, format.paths = paths;
    if (PyBytes_AsStringAndSize(stream, &data, &size) < 0)
        return NULL;
    const uint8_t *secret = PyModule_GetState(module);
    Py_BEGIN_ALLOW_THREADS
    result = canonical_rewrite((const uint8_t *)data, (size_t)size, &format, (const uint8_t *)filename,
                               (size_t)filename_size, secret);
    Py_END_ALLOW_THREADS
    if (result.status == CANONICAL_NO_MEMORY)
        return PyErr_NoMemory();
    if (result.status != CANONICAL_DONE)
        return refuse(&result, data, major, minor), NULL;
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)result.bytes, (Py_ssize_t)result.size);
    free(result.bytes);
    return bytes;
}

/* Fetches the secret, so that nobody can make a stream whose values all have one hash. */
static int
execute(PyObject *module)
{
    char *bytes;
    Py_ssize_t size = 0;
    PyObject *os = PyImport_ImportModule("os");
    PyObject *drawn = os == NULL ? NULL : PyObject_CallMethod(os, "urandom", "i", SECRET_SIZE);
    if (drawn != NULL && PyBytes_AsStringAndSize(drawn, &bytes, &size) == 0 && size == SECRET_SIZE)
        memcpy(PyModule_GetState(module), bytes, SECRET_SIZE);
    else if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ImportError, "os.urandom gives no secret");
    Py_XDECREF(drawn);
    Py_XDECREF(os);
    return PyErr_Occurred() ? -1 : 0;
}

static PyMethodDef methods[] = {
    {"rewrite", rewrite, METH_VARARGS, rewrite_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "truewheel._canonical",
    .m_doc = "The canonical form of marshal streams, in C.",
    .m_size = SECRET_SIZE,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__canonical(void)
{
    return PyModuleDef_Init(&definition);
}
